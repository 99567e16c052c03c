//! What a person has in what belongs to others.

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{EventId, UserId};
use shared::worker::WorkerError;

use super::AT_ONCE;
use crate::model::{Direction, Event, HistoryEntry, KnownVenue, Place, Scan, Trace, Verdict};
use crate::store::Store;

/// What the person did at a door; not to whom.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DoorWork {
    event_id: EventId,
    at: Timestamp,
    list: String,
    direction: Direction,
    verdict: Verdict,
}

/// A registration that is offered to the person.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HandOver {
    event_id: EventId,
    expires_at: Timestamp,
}

/// What belongs to others, by the person's traces.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    pub(super) events: Vec<Event>,
    pub(super) steps: Vec<HistoryEntry>,
    pub(super) door: Vec<DoorWork>,
    pub(super) offered: Vec<HandOver>,
    pub(super) venues: Vec<KnownVenue>,
}

pub(super) async fn elsewhere(store: &Store, user: UserId) -> Result<Elsewhere, WorkerError> {
    let (mut all, mut after) = (Elsewhere::default(), None);
    loop {
        let page = store.traces_of(user, after).await?;
        for trace in &page.items {
            all.follow(store, trace).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

impl Elsewhere {
    async fn follow(&mut self, store: &Store, trace: &Trace) -> Result<(), WorkerError> {
        let user = trace.user_id;
        match trace.place {
            Place::Event { event_id } => self.event(store, user, event_id).await,
            Place::Door { event_id } => self.door(store, user, event_id).await,
            Place::Registration { event_id, holder } => {
                let found = store.registration(event_id, holder).await?;
                let open = found.and_then(|registration| registration.transfer);
                let open = open.filter(|open| open.admits(user, None, store.now()));
                self.offered.extend(open.map(|open| HandOver {
                    event_id,
                    expires_at: open.expires_at,
                }));
                Ok(())
            }
            Place::Venue { venue_id } => {
                let found = store.venue(venue_id).await?;
                self.venues
                    .extend(found.filter(|venue| venue.created_by == user));
                Ok(())
            }
        }
    }

    async fn event(&mut self, store: &Store, user: UserId, id: EventId) -> Result<(), WorkerError> {
        let found = store.find(id).await?;
        // What an organisation has not published is its own, whoever drafted it and
        // whether or not they still belong to it.
        let theirs = |event: &Event| {
            event.created_by == user && event.organization_id.is_some() && event.visible_to(None)
        };
        self.events.extend(found.filter(theirs));
        let mut after = None;
        loop {
            let page = store.history(id, AT_ONCE, after).await?;
            let own = page.items.into_iter();
            self.steps
                .extend(own.filter(|entry| entry.actor_id == Some(user)));
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn door(&mut self, store: &Store, user: UserId, id: EventId) -> Result<(), WorkerError> {
        let mut after = None;
        loop {
            let page = store.scans(id, 1000, after).await?;
            let own = page.items.into_iter().filter(|scan| scan.told_by == user);
            self.door.extend(own.map(|scan: Scan| DoorWork {
                event_id: id,
                at: scan.at,
                list: scan.list,
                direction: scan.direction,
                verdict: scan.verdict,
            }));
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
