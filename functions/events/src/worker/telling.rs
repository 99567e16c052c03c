//! Tells attendees, and those who keep an event, what changed.

use shared::commit::{CommitError, Settled};
use shared::cx::Context;
use shared::event::events::EventChangeNoticed;
use shared::id::{EventId, RegistrationId, UserId};
use shared::table::Position;
use shared::worker::WorkerError;

use super::jobs::late;
use crate::model::{ChangeNotice, Event, Guest, Progress, RegistrationStatus, Status};
use crate::store::{News, Store, guest_noticed, notices};

/// How many people are told by one commit.
const AT_ONCE: u32 = 80;

/// Sends the notices that are due; the schedule calls it. Gives how many.
///
/// # Errors
/// The store's; the next run goes on where this one stopped.
pub async fn tell_due(store: &Store, cx: &Context) -> Result<usize, WorkerError> {
    let due = store.due_notices(store.now()).await?;
    let mut begun = 0;
    for id in &due {
        if late(cx) {
            break;
        }
        tell(store, cx, *id).await?;
        begun += 1;
    }
    Ok(begun)
}

/// One notice, page by page: each commit tells some people and notes how far
/// it got, so that nobody is told twice and nobody is left out.
async fn tell(store: &Store, cx: &Context, id: EventId) -> Result<(), WorkerError> {
    while !late(cx) {
        let (notice, event) = (store.notice(id).await?, store.find(id).await?);
        let Some(notice) = notice.filter(|notice| notice.due_at <= store.now()) else {
            return Ok(());
        };
        let changed = event
            .as_ref()
            .map_or_else(Vec::new, |event| notice.changed(&event.details));
        let told = event.filter(|event| {
            let open = event.status == Status::Published && !changed.is_empty();
            open || notice.cancelled && event.status == Status::Cancelled
        });
        let Some(event) = told else {
            // Changed back, over, or gone: nothing to tell.
            let mut commit = store.commit(cx);
            notices::done(&mut commit, &notice);
            return settled(commit.execute().await);
        };
        let page = people(store, &notice).await?;
        let mut commit = store.commit(cx);
        for (registration_id, guest) in &page.guests {
            let told = guest_noticed(
                &event,
                *registration_id,
                guest,
                News::Changed(changed.clone()),
            );
            commit.publish(&told, u64::from(event.sequence));
        }
        for (user_id, accepted) in page.people {
            if Some(user_id) != notice.actor_id {
                let payload = EventChangeNoticed {
                    calendar: accepted.map(|accepted| event.calendar(accepted)),
                    ..payload(&event, &notice, user_id, &changed)
                };
                commit.publish(&payload, u64::from(event.sequence));
            }
        }
        if let Some(progress) = page.next {
            commit.replace(&ChangeNotice { progress, ..notice });
            settled(commit.execute().await)?;
        } else {
            notices::done(&mut commit, &notice);
            return settled(commit.execute().await);
        }
    }
    Ok(())
}

/// A notice that began anew meanwhile is told anew, by the next run.
fn settled(result: Result<(), CommitError>) -> Result<(), WorkerError> {
    match result {
        Err(CommitError::Condition(_)) => Ok(()),
        result => result.settled(),
    }
}

fn payload(
    event: &Event,
    notice: &ChangeNotice,
    user_id: UserId,
    changed: &[String],
) -> EventChangeNoticed {
    EventChangeNoticed {
        user_id,
        event: event.brief(),
        cancelled: notice.cancelled,
        changed: changed.to_vec(),
        venue_name: event.details.venue.as_ref().map(|venue| venue.name.clone()),
        calendar_sequence: event.sequence,
        calendar: None,
    }
}

struct Page {
    /// Each with whether they want the place that they have, if they have one.
    people: Vec<(UserId, Option<bool>)>,
    /// Who has no account yet.
    guests: Vec<(RegistrationId, Guest)>,
    /// How far it got; nothing at the end.
    next: Option<Progress>,
}

/// The next people to tell: those with a registration, then those who keep the
/// event and have none. Of a cancellation, registrations tell by themselves.
async fn people(store: &Store, notice: &ChangeNotice) -> Result<Page, WorkerError> {
    let (id, after) = (notice.event_id, notice.progress.position());
    if !notice.progress.saved && !notice.cancelled {
        let found = store.registrations(id, AT_ONCE, after).await?;
        let (mut people, mut guests) = (Vec::new(), Vec::new());
        for registration in found.items {
            match registration.guest {
                _ if registration.status == RegistrationStatus::Cancelled => {}
                None if registration.account_deleted_at.is_some() => {}
                Some(guest) => guests.push((registration.id, guest)),
                None => {
                    let goes = registration.status.may_enter();
                    people.push((registration.user_id, goes.then_some(registration.accepted)));
                }
            }
        }
        let next = match found.next {
            Some(position) => Progress::until(false, position),
            None => Progress {
                saved: true,
                last: None,
            },
        };
        return Ok(Page {
            people,
            guests,
            next: Some(next),
        });
    }
    let found = store.savers(id, AT_ONCE, after).await?;
    let mut people: Vec<UserId> = found.items.iter().map(|saved| saved.user_id).collect();
    let registered = store.registered_of(id, &people).await?;
    let hears_anyway = |user: &UserId| {
        registered.iter().any(|registration| {
            let ended_by_it = registration.updated_at >= notice.since;
            registration.user_id == *user
                && (registration.status != RegistrationStatus::Cancelled
                    || notice.cancelled && ended_by_it)
        })
    };
    people.retain(|user| !hears_anyway(user));
    Ok(Page {
        people: people.into_iter().map(|user| (user, None)).collect(),
        guests: Vec::new(),
        next: found
            .next
            .map(|position: Position| Progress::until(true, position)),
    })
}
