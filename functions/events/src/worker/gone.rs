//! News of people whose accounts were deleted: it came too late.

use shared::commit::{Commit, CommitError, Settled};
use shared::id::UserId;
use shared::personal::Erased;
use shared::worker::WorkerError;

use crate::store::Store;

/// Whether one of these people is gone.
pub(super) async fn gone(store: &Store, users: &[UserId]) -> Result<bool, WorkerError> {
    for user in users {
        if store.erased(*user).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Commits news of these people unless one of them has gone since it was asked.
pub(super) async fn commit_of(mut commit: Commit, users: &[UserId]) -> Result<(), WorkerError> {
    for user in users {
        Erased::not(&mut commit, *user);
    }
    match commit.execute().await {
        // The next delivery is too late.
        Err(err @ CommitError::Condition(_)) => Err(WorkerError::transient(err)),
        result => result.settled(),
    }
}
