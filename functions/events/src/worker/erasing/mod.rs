//! What becomes of all that is kept of a person whose account was deleted.
//!
//! | key | what becomes of it |
//! |---|---|
//! | `USER#<user>`: `SAVED#`, `INTERESTS`, `CONN#`, `FEED#` | deleted, with the other side of connections and the ways to calendars |
//! | `USER#<user>`, `FEEDBACK#` | deleted: what was said stays, and is nobody's |
//! | `USER#<user>`, `TRACE#` | deleted, when what they lead to names nobody any more |
//! | `EVENT#`, `REG#<user>` and `WAIT#` | ended as by the person, so that others get the places, and deleted; once the person came or the event is over, it counts on without them |
//! | `EVENT#` of the person's own | drafts deleted; what is ahead cancelled, so that attendees are told; what is a record names nobody |
//! | `EVENT#` and `HIST#` of organisations | author, speakers' accounts, who proposed a change and who made a step: nobody |
//! | registrations of others | offered to the person, it is no more; who took it over is forgotten |
//! | `DOOR#`, `SCAN#` | who told is nobody; whose ticket it was is forgotten. `AT#` and `COUNT#` name registrations only |
//! | `VENUE#` and its cards | the person's own deleted; an organisation's names nobody |
//! | `EVENT#`, `NOTICE` | goes by itself within minutes |
//! | `LETTERS#`, stored replies, outbox | expire by themselves: after 2 days, 1 and 7 |
//! | `TICKETKEYS`, `ADMISSION`, `COUNTS`, `ORG#`, `FIND#`, `FEEDBACK#` | name nobody (cards of sessions follow their event) |
//!
//! All of it looks at what is there and takes away what is left, in portions
//! that each count what they erase: it may stop anywhere and come twice. It is
//! done in two looks at least, the second when every request that was under way
//! has ended and the indexes show what those wrote; from the first on, nobody
//! can be registered under the id, and news of the person is dropped.

mod events;
mod registrations;
mod traces;

use jiff::SignedDuration;
use shared::commit::CommitError;
use shared::cx::Context;
use shared::event::operations::UserDeleted;
use shared::personal::Erasure;
use shared::worker::WorkerError;

use super::jobs::{Left, late};
use crate::model::{FeedbackGiver, Interests, Progress, Saved};
use crate::store::erasing::{disconnect, of_person};
use crate::store::{Store, feeds};

/// No request runs longer (the API's function has 15 seconds), and no index is
/// so far behind.
const SETTLED: SignedDuration = SignedDuration::from_secs(20);
/// How often the same thing is looked at again when others change it.
const LOOKS: usize = 8;

/// Erases a person, or as much of it as time allows.
pub(super) async fn erase(
    store: &Store,
    cx: &Context,
    deleted: &UserDeleted,
) -> Result<Left, WorkerError> {
    let mut cx = cx.clone();
    // It was their wish: nobody tells them of it.
    cx.actor = Some(deleted.user_id.to_string());
    let left = Some(Progress::default());
    let begun = store.erasure(&cx, deleted).await;
    let Some(mut erasure) = begun.map_err(again)? else {
        return Ok(None);
    };
    let begun = store.erased(deleted.user_id).await?;
    let settled = begun.is_some_and(|begun| begun.deleted_at + SETTLED <= store.now());
    match all(store, &cx, &mut erasure, settled).await {
        Err(CommitError::Deadline) => return Ok(left),
        result => result.map_err(again)?,
    }
    if !settled {
        return Ok(left);
    }
    erasure.finish().await.map_err(again)?;
    Ok(None)
}

/// Others were faster, perhaps the same job elsewhere: worth another try.
fn again(err: CommitError) -> WorkerError {
    match err {
        CommitError::Condition(_) => WorkerError::transient(err),
        err => err.into(),
    }
}

async fn all(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
    settled: bool,
) -> Result<(), CommitError> {
    let user = erasure.user();
    let calendars = store.feeds_of(user).await?;
    if !calendars.is_empty() {
        let number = calendars.len();
        erasure
            .portion("calendarFeeds", number, |commit| {
                for feed in &calendars {
                    feeds::close(commit, feed);
                }
            })
            .await?;
    }
    for (what, prefix) in [
        ("savedEvents", Saved::PREFIX),
        ("interests", Interests::SORT),
        ("feedbackLinks", FeedbackGiver::PREFIX),
    ] {
        erasure.sweep(what, of_person(user, prefix)).await?;
    }
    connections(store, erasure).await?;
    registrations::all(store, cx, erasure).await?;
    events::all(store, cx, erasure).await?;
    events::venues(store, erasure).await?;
    traces::all(store, cx, erasure, settled).await
}

async fn connections(store: &Store, erasure: &mut Erasure<'_>) -> Result<(), CommitError> {
    loop {
        let found = store.connections_of(erasure.user(), None).await?.items;
        if found.is_empty() {
            return Ok(());
        }
        erasure
            .portion("connections", found.len(), |commit| {
                for connection in &found {
                    disconnect(commit, connection);
                }
            })
            .await?;
    }
}

/// Stops in time where much is read before anything is erased.
fn in_time(cx: &Context) -> Result<(), CommitError> {
    if late(cx) {
        return Err(CommitError::Deadline);
    }
    Ok(())
}

/// Looks again when others change what an attempt rested on.
async fn looking_again<'a>(
    erasure: &mut Erasure<'a>,
    attempt: impl AsyncFn(&mut Erasure<'a>) -> Result<(), CommitError>,
) -> Result<(), CommitError> {
    for _ in 1..LOOKS {
        match attempt(erasure).await {
            Err(CommitError::Condition(_)) => {}
            result => return result,
        }
    }
    attempt(erasure).await
}
