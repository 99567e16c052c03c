//! A person's own events and venues, which belong to no organisation.

use shared::commit::CommitError;
use shared::cx::Context;
use shared::id::{EventId, VenueId};
use shared::personal::Erasure;

use super::looking_again;
use crate::model::{Event, Filter, Move, Status};
use crate::problems::HAS_SESSIONS;
use crate::store::erasing::remove_venue;
use crate::store::shelves::shelve;
use crate::store::{Owner, Store};
use crate::worker::closing::step;

/// What attendees read.
const GONE: &str = "The organizer's account was deleted.";

pub(super) async fn all(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
) -> Result<(), CommitError> {
    // Sessions first: an event that has some is not deleted.
    for sessions in [true, false] {
        let mut after = None;
        loop {
            let owner = Owner::Person(erasure.user());
            let wanted = |event: &Event| event.details.parent_id.is_some() == sessions;
            let page = store
                .list(&owner, &Filter::default(), wanted, 50, after)
                .await?;
            for event in &page.items {
                let one = async |erasure: &mut Erasure<'_>| end(store, cx, erasure, event.id).await;
                looking_again(erasure, one).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Ends one event, as it stands now.
async fn end(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
    id: EventId,
) -> Result<(), CommitError> {
    // The index may be behind; this is not.
    let theirs = |event: &Event| event.created_by == erasure.user();
    let Some(mut event) = store.find(id).await?.filter(theirs) else {
        return Ok(());
    };
    if matches!(
        event.status,
        Status::Draft | Status::Submitted | Status::Rejected
    ) {
        match remove(store, cx, erasure, &event).await {
            // A session that was cancelled is kept as a record, and its event with it.
            Err(CommitError::Condition(problem)) if problem.kind() == &HAS_SESSIONS => {}
            result => return result,
        }
    }
    let open = matches!(event.status, Status::Approved | Status::Published);
    if open && event.details.ends_at > store.now() {
        step(store, cx, &event, Move::Cancel, GONE).await?;
        let Some(cancelled) = store.find(id).await? else {
            return Ok(());
        };
        event = cancelled;
    }
    anonymise(erasure, &event).await
}

async fn remove(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
    event: &Event,
) -> Result<(), CommitError> {
    let removal = store.removal(event).await?;
    erasure
        .portion("drafts", 1, |commit| removal.of(commit, cx))
        .await
}

/// An event names the person no more.
pub(super) async fn anonymise(erasure: &mut Erasure<'_>, event: &Event) -> Result<(), CommitError> {
    let Some(next) = event.without(erasure.user()) else {
        return Ok(());
    };
    erasure
        .portion("events", 1, |commit| {
            commit.replace(&next);
            shelve(commit, Some(event), Some(&next));
        })
        .await
}

/// The person's own venues; events that take place there keep their copies.
pub(super) async fn venues(store: &Store, erasure: &mut Erasure<'_>) -> Result<(), CommitError> {
    let mut after = None;
    loop {
        let page = store.venues_of(erasure.user(), after).await?;
        for card in &page.items {
            let id = card.venue.id;
            let one = async |erasure: &mut Erasure<'_>| venue(store, erasure, id).await;
            looking_again(erasure, one).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn venue(store: &Store, erasure: &mut Erasure<'_>, id: VenueId) -> Result<(), CommitError> {
    let Some(venue) = store.venue(id).await? else {
        return Ok(());
    };
    erasure
        .portion("venues", 1, |commit| remove_venue(commit, &venue))
        .await
}
