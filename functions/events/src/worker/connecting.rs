//! Copies who is connected with whom.

use shared::commit::Settled;
use shared::cx::Context;
use shared::event::Event as Envelope;
use shared::id::UserId;
use shared::worker::WorkerError;

use crate::store::Store;

/// Both sides of a connection. News of oneself is none.
pub(super) async fn connect(
    store: &Store,
    event: &Envelope,
    cx: &Context,
    users: [UserId; 2],
    connected: bool,
) -> Result<(), WorkerError> {
    if users[0] == users[1] {
        return Ok(());
    }
    let news = (event.time, event.sequence);
    store.connect(cx, users, connected, news).await.settled()
}
