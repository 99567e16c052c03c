//! Places that became free, and offers that were not taken.

use shared::commit::{CommitError, Settled};
use shared::cx::Context;
use shared::id::{EventId, UserId};
use shared::worker::WorkerError;

use super::jobs::{Left, late};
use crate::model::Progress;
use crate::store::{HEIRS, Store};

/// Gives places that became free to those who wait, in order.
pub(super) async fn give_out_places(
    store: &Store,
    cx: &Context,
    id: EventId,
) -> Result<Left, WorkerError> {
    while !late(cx) {
        let Some(hall) = store.hall(id, HEIRS).await? else {
            return Ok(None);
        };
        let mut commit = store.commit(cx);
        if !store.give_out(&mut commit, &hall).await? {
            return Ok(None);
        }
        match commit.execute().await {
            // The waitlist moved; the next look sees where to.
            Err(CommitError::Condition(_)) => {}
            result => result.settled()?,
        }
    }
    Ok(Some(Progress::default()))
}

/// Ends the offers whose time has passed; each place goes to the next. The
/// schedule calls it.
///
/// # Errors
/// The store's; the next run goes on.
pub async fn end_offers(store: &Store, cx: &Context) -> Result<usize, WorkerError> {
    let (mut after, mut done) = (None, 0);
    loop {
        let page = store.offers_before(store.now(), after).await?;
        for offer in &page.items {
            if late(cx) {
                return Ok(done);
            }
            done += usize::from(end_offer(store, cx, offer.event_id, offer.user_id).await?);
        }
        after = page.next;
        if after.is_none() {
            return Ok(done);
        }
    }
}

/// Ends one offer, unless it was taken, or ended before.
async fn end_offer(
    store: &Store,
    cx: &Context,
    id: EventId,
    user: UserId,
) -> Result<bool, WorkerError> {
    while !late(cx) {
        let read = Box::pin(futures::future::try_join(
            store.hall(id, HEIRS),
            store.registration(id, user),
        ));
        let (Some(hall), Some(offer)) = read.await? else {
            return Ok(false);
        };
        // The index may be behind; this is not.
        if offer.offered_until.is_none_or(|until| store.now() < until) {
            return Ok(false);
        }
        let mut commit = store.commit(cx);
        let reason = Some("The offer was not taken in time.".to_owned());
        store.release(&mut commit, &hall, &offer, reason).await?;
        match commit.execute().await {
            Err(CommitError::Condition(_)) => {}
            result => return result.settled().map(|()| true),
        }
    }
    Ok(false)
}
