//! Copies who is connected with whom.

use shared::cx::Context;
use shared::event::Event as Envelope;
use shared::id::UserId;
use shared::worker::WorkerError;

use super::gone::{commit_of, gone};
use crate::store::Store;

/// Both sides of a connection. News of oneself is none.
pub(super) async fn connect(
    store: &Store,
    event: &Envelope,
    cx: &Context,
    users: [UserId; 2],
    connected: bool,
) -> Result<(), WorkerError> {
    if users[0] == users[1] || gone(store, &users).await? {
        return Ok(());
    }
    let news = (event.time, event.sequence);
    commit_of(store.connect(cx, users, connected, news), &users).await
}
