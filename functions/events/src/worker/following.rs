//! What follows from a change elsewhere: sessions from their event, events from
//! their venue.

use shared::commit::{CommitError, Settled};
use shared::cx::Context;
use shared::event::events::EventUpdated;
use shared::id::{EventId, VenueId};
use shared::worker::WorkerError;

use super::closing::{record, step};
use crate::model::{Details, Event, Move, Status, Step, shelf_of_parent, shelf_of_venue};
use crate::store::Store;
use crate::store::shelves::shelve;

/// Calls off the sessions of a cancelled event that were open or about to be;
/// drafts stay drafts. Editions of a series stand alone and go on.
pub(super) async fn cancel_sessions(
    store: &Store,
    cx: &Context,
    parent: EventId,
    reason: &str,
) -> Result<(), WorkerError> {
    let mut after = None;
    loop {
        let page = store.cards_on(&shelf_of_parent(parent), after).await?;
        for card in &page.items {
            let Some(event) = store.find(card.event_id).await? else {
                continue;
            };
            let open = matches!(event.status, Status::Approved | Status::Published);
            if open && !event.details.stands_alone {
                step(store, cx, &event, Move::Cancel, reason).await?;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Brings a changed venue into the events that take place there. It copies the
/// venue as it is now, so that order and repetition of the news do not matter.
pub(super) async fn follow_venue(
    store: &Store,
    cx: &Context,
    id: VenueId,
) -> Result<(), WorkerError> {
    let Some(known) = store.venue(id).await? else {
        return Ok(());
    };
    let mut after = None;
    loop {
        let page = store.cards_on(&shelf_of_venue(id), after).await?;
        for card in &page.items {
            let Some(event) = store.find(card.event_id).await? else {
                continue;
            };
            let details = Details {
                venue: Some(known.venue.clone()),
                ..event.details.clone()
            };
            if event.details.venue_id != Some(id) || details == event.details {
                continue;
            }
            move_to(store, cx, &event, details).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// An event whose place changed; somebody else's edit meanwhile means: again.
async fn move_to(
    store: &Store,
    cx: &Context,
    event: &Event,
    details: Details,
) -> Result<(), WorkerError> {
    let mut commit = store.commit(cx);
    let next = event.with_details(details, commit.now());
    commit.replace(&next);
    shelve(&mut commit, Some(event), Some(&next));
    let changed = vec!["venue".to_owned()];
    record(&mut commit, &next, Step::Edited, None, changed);
    store.note_change(&mut commit, event, &next, None).await?;
    if next.status == Status::Published {
        let updated = EventUpdated {
            event: next.snapshot(),
            changed: vec!["venue".to_owned()],
        };
        commit.publish(&updated, event.version + 1);
    }
    match commit.execute().await {
        Err(err @ CommitError::Condition(_)) => Err(WorkerError::transient(err)),
        result => result.settled(),
    }
}
