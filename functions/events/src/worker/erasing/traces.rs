//! What names a person and belongs to others.

use shared::commit::CommitError;
use shared::cx::Context;
use shared::id::{EventId, UserId, VenueId};
use shared::personal::{Erasure, NOBODY};
use shared::table::Entity;

use super::registrations::scans;
use super::{events, looking_again};
use crate::model::{KnownVenue, Place, Registration, Trace};
use crate::store::erasing::forget_actor;
use crate::store::shelves::shelve_venue;
use crate::store::{Store, moved};

/// How many entries of a history are read at once, and change in one portion.
const ENTRIES: u32 = 80;

/// Follows every trace; once it is `settled` that none of them is fresh, each goes
/// when it was followed, so that the next turn has fewer.
pub(super) async fn all(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
    settled: bool,
) -> Result<(), CommitError> {
    let mut after = None;
    loop {
        let page = store.traces_of(erasure.user(), after).await?;
        for trace in &page.items {
            looking_again(erasure, async |erasure| {
                follow(store, cx, erasure, trace).await
            })
            .await?;
            if settled {
                erasure.remove("traces", vec![trace.key()]).await?;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Takes the person away from where the trace leads to.
async fn follow(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
    trace: &Trace,
) -> Result<(), CommitError> {
    match trace.place {
        Place::Event { event_id } => event(store, erasure, event_id).await,
        Place::Door { event_id } => scans(store, cx, erasure, event_id).await,
        Place::Registration { event_id, holder } => {
            registration(store, erasure, event_id, holder).await
        }
        Place::Venue { venue_id } => venue(store, erasure, venue_id).await,
    }
}

async fn event(store: &Store, erasure: &mut Erasure<'_>, id: EventId) -> Result<(), CommitError> {
    let user = erasure.user();
    if let Some(event) = store.find(id).await? {
        events::anonymise(erasure, &event).await?;
    }
    let mut after = None;
    loop {
        let mut page = store.history(id, ENTRIES, after).await?;
        page.items.retain(|entry| entry.actor_id == Some(user));
        if !page.items.is_empty() {
            erasure
                .portion("historyEntries", page.items.len(), |commit| {
                    for entry in &page.items {
                        forget_actor(commit, entry);
                    }
                })
                .await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Somebody else's registration: what was offered to the person is no more, and
/// that they took it over is forgotten.
async fn registration(
    store: &Store,
    erasure: &mut Erasure<'_>,
    event: EventId,
    holder: UserId,
) -> Result<(), CommitError> {
    let user = erasure.user();
    let Some(was) = store.registration(event, holder).await? else {
        return Ok(());
    };
    let next = Registration {
        transfer: was
            .transfer
            .clone()
            .filter(|open| open.to_user != Some(user)),
        handed_to: was.handed_to.filter(|taker| *taker != user),
        offered_to: others(&was.offered_to, user),
        ..was.clone()
    };
    if next == was {
        return Ok(());
    }
    erasure
        .portion("handOvers", 1, |commit| {
            commit.replace(&next).or(moved());
        })
        .await
}

fn others(all: &[UserId], user: UserId) -> Vec<UserId> {
    let others = all.iter().filter(|other| **other != user);
    others.copied().collect()
}

async fn venue(store: &Store, erasure: &mut Erasure<'_>, id: VenueId) -> Result<(), CommitError> {
    let user = erasure.user();
    let theirs = |venue: &KnownVenue| venue.created_by == user;
    let Some(was) = store.venue(id).await?.filter(theirs) else {
        return Ok(());
    };
    let next = KnownVenue {
        created_by: NOBODY,
        ..was.clone()
    };
    erasure
        .portion("venues", 1, |commit| {
            commit.replace(&next).or(moved());
            shelve_venue(commit, Some(&was), Some(&next));
        })
        .await
}
