//! What follows from a change elsewhere: sessions from their event, events from
//! their venue.

use shared::commit::CommitError;
use shared::cx::Context;
use shared::event::events::EventUpdated;
use shared::id::{EventId, VenueId};
use shared::table::{Entity, Position};
use shared::worker::WorkerError;

use super::closing::{changing, record, step};
use super::jobs::{Left, late};
use crate::model::{
    Card, Details, Event, Move, Progress, Status, Step, shelf_of_parent, shelf_of_venue,
};
use crate::store::Store;
use crate::store::shelves::shelve;

/// Calls off the sessions of a cancelled event that were open or about to be;
/// drafts stay drafts. Editions of a series stand alone and go on.
pub(super) async fn cancel_sessions(
    store: &Store,
    cx: &Context,
    parent: EventId,
    reason: &str,
    mut after: Option<Position>,
) -> Result<Left, WorkerError> {
    loop {
        let page = store
            .cards_on(&shelf_of_parent(parent), after.clone())
            .await?;
        for card in &page.items {
            if late(cx) {
                return Ok(Some(Progress::at(after)));
            }
            changing(store, card.event_id, async |event| {
                let open = matches!(event.status, Status::Approved | Status::Published);
                if open && !event.details.stands_alone {
                    step(store, cx, event, Move::Cancel, reason).await
                } else {
                    Ok(())
                }
            })
            .await?;
            after = Some(place_of(card));
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// Brings a changed venue into the events that take place there. It copies the
/// venue as it is now, so that order and repetition of the news do not matter.
pub(super) async fn follow_venue(
    store: &Store,
    cx: &Context,
    id: VenueId,
    mut after: Option<Position>,
) -> Result<Left, WorkerError> {
    loop {
        let Some(known) = store.venue(id).await? else {
            return Ok(None);
        };
        let page = store.cards_on(&shelf_of_venue(id), after.clone()).await?;
        for card in &page.items {
            if late(cx) {
                return Ok(Some(Progress::at(after)));
            }
            changing(store, card.event_id, async |event| {
                let details = Details {
                    venue: Some(known.venue.clone()),
                    ..event.details.clone()
                };
                if event.details.venue_id == Some(id) && details != event.details {
                    move_to(store, cx, event, details).await
                } else {
                    Ok(())
                }
            })
            .await?;
            after = Some(place_of(card));
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// Where a list goes on behind a card.
fn place_of(card: &Card) -> Position {
    Position {
        key: card.key(),
        index_sk: None,
    }
}

/// An event whose place changed.
async fn move_to(
    store: &Store,
    cx: &Context,
    event: &Event,
    details: Details,
) -> Result<(), CommitError> {
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
    commit.execute().await
}
