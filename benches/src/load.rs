//! Many events and many attendees, written in bulk: by the events group's own
//! model, item builders and commits, past its HTTP interface.

use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use plenary_events::model::{
    Counts, Draft, Event, HistoryEntry, Move, Registration, RegistrationStatus, Status, Step,
};
use plenary_events::store::shelves::shelve;
use plenary_events::store::{Guard, Seats, Store, moved};
use serde_json::json;
use shared::aws::Aws;
use shared::commit::MAX_ACTIONS;
use shared::cx::Context as Circumstances;
use shared::id::{EventId, UserId};

use crate::stack::{Endpoint, Stack};
use crate::world::World;
use crate::{Context as _, Error, Result};

/// Items of one published event: itself, its counts, four entries of its
/// history and six cards.
const ITEMS_OF_EVENT: usize = 12;
/// Items of one attendee: the registration and its event in the outbox.
const ITEMS_OF_ATTENDEE: usize = 2;
/// How long one commit may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);
/// Where every second event takes place; the others are far away.
pub const BERLIN: (f64, f64) = (52.52, 13.41);

/// Writes into the events group's table.
pub struct Loader(Store);

impl Loader {
    /// Into the table of `stack`.
    pub fn of(stack: &Stack) -> Self {
        Self(Store::new(aws(stack).table("events")))
    }

    /// Published events of the world's organisation, all over the year that
    /// begins tomorrow: the `n`-th for every `n` of the range. Nobody is told.
    pub async fn events(
        &self,
        world: &World,
        numbers: std::ops::Range<usize>,
    ) -> Result<Vec<EventId>> {
        let numbers: Vec<usize> = numbers.collect();
        let mut ids = Vec::with_capacity(numbers.len());
        for chunk in numbers.chunks(MAX_ACTIONS / ITEMS_OF_EVENT) {
            let mut commit = self.0.commit(&Circumstances::begin(PATIENCE));
            for number in chunk {
                let (event, history) = published(world, *number, commit.now())?;
                commit.create(&event);
                commit.create(&Counts {
                    open: true,
                    ..Counts::new(event.id, event.details.capacity)
                });
                for entry in &history {
                    commit.create(entry);
                }
                shelve(&mut commit, None, Some(&event));
                ids.push(event.id);
            }
            commit.execute().await.context("loading events")?;
        }
        Ok(ids)
    }

    /// `count` attendees of an event who are nobody else's, and the events that
    /// tell of them.
    pub async fn attendees(&self, event: &str, count: usize) -> Result<()> {
        let id: EventId = event.parse().context("an event's id")?;
        let (event, counts) = self.0.event(id).await.context("the event")?;
        let each = (MAX_ACTIONS - 1) / ITEMS_OF_ATTENDEE;
        let mut left = count;
        while left > 0 {
            let some = left.min(each);
            let mut commit = self.0.commit(&Circumstances::begin(PATIENCE));
            let now = commit.now();
            let mut seats = Seats::of(&event, &counts, &mut commit);
            for _ in 0..some {
                let status = RegistrationStatus::Confirmed;
                seats.confirm(&Registration::new(id, UserId::new(), status, now));
            }
            seats.settle(Guard::NobodyWaits, moved());
            commit.execute().await.context("loading attendees")?;
            left -= some;
        }
        Ok(())
    }
}

/// What reaches the stack's database as a function would.
pub fn aws(stack: &Stack) -> Aws {
    let credentials = Credentials::new("bench", "bench", None, None, "bench");
    let endpoint = Some(stack.url(Endpoint::Database));
    Aws::new("us-east-1".to_owned(), endpoint, credentials)
}

/// The `number`-th event, published, with its history.
fn published(world: &World, number: usize, now: Timestamp) -> Result<(Event, Vec<HistoryEntry>)> {
    let mut body = crate::world::new_event(world)
        .body
        .context("an event's body")?;
    // A prime spreads any number of them over the year.
    let minute = i64::try_from(number).context("number")? * 7_919 % (365 * 24 * 60);
    let starts = now + SignedDuration::from_hours(24) + SignedDuration::from_mins(minute);
    body["title"] = json!(format!("Conference {number}"));
    body["startsAt"] = json!(starts);
    body["endsAt"] = json!(starts + SignedDuration::from_hours(8));
    let coordinates = &mut body["venue"]["coordinates"];
    if number.is_multiple_of(2) {
        *coordinates = json!({"lat": BERLIN.0, "lng": BERLIN.1});
    } else {
        let degree = f64::from(u32::try_from(number % 100).unwrap_or(0));
        *coordinates = json!({"lat": -degree / 2.0, "lng": degree});
        body["venue"]["city"] = json!(format!("City {}", number % 100));
    }
    let draft: Draft = serde_json::from_value(body)?;
    let organiser: UserId = world.organiser.id.parse().context("a user's id")?;
    let mut event = Event {
        id: EventId::new(),
        organization_id: Some(world.organization.parse().context("an organisation's id")?),
        created_by: organiser,
        created_at: now,
        updated_at: now,
        status: Status::Draft,
        needs_approval: true,
        published_at: None,
        decision_note: None,
        details: draft.details().map_err(|e| Error(e.to_string()))?,
        pending: None,
        submitted_version: None,
        sequence: 0,
        version: 1,
    };
    let entry = |event: &Event, step| event.entry(now, step, Some(organiser), None, Vec::new());
    let mut history = vec![entry(&event, Step::Created)];
    for step in [Move::Submit, Move::Approve, Move::Publish] {
        event = event.moved(step, now).map_err(|e| Error(e.to_string()))?;
        event.version += 1;
        history.push(entry(&event, step.into()));
    }
    Ok((event, history))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenary_events::model::Card;

    #[test]
    fn a_loaded_event_has_the_items_that_it_is_reckoned_with() {
        let world = World {
            organization: shared::id::OrganizationId::new().to_string(),
            organiser: crate::world::Person {
                id: UserId::new().to_string(),
                ..Default::default()
            },
            ..World::default()
        };
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let (event, history) = published(&world, 7, now).unwrap();
        assert_eq!(event.status, Status::Published);
        let items = 2 + history.len() + Card::all_of(&event).len();
        assert!(items <= ITEMS_OF_EVENT, "{items}");
        assert!(event.details.starts_at > now);
    }
}
