//! What the ledger makes of an event.
//!
//! Every event becomes a fact of its operation, and then what the operation now
//! asks for is done: the file of an export that is answered, the removal of what
//! is left over. Both are the same done twice, so an event that comes again does
//! what was broken off.

use shared::commit::CommitError;
use shared::cx::Context;
use shared::event::operations::{
    SagaStepCompleted, UserDeleted, UserDeletionCancelled, UserDeletionRequested,
    UserExportRequested,
};
use shared::event::{Contract, Event};
use shared::id::{OperationId, UserId};
use shared::objects::Objects;
use shared::personal::{ARCHIVE_KEPT, Erasure};
use shared::worker::WorkerError;

use super::archive;
use super::model::{Archive, Fact, Kind, OWN, Operation, Step};
use super::store::OperationStore;

/// How often a change begins again when another one came first.
const ATTEMPTS: usize = 8;

/// The ledger, its table and its bucket.
#[derive(Debug, Clone)]
pub struct Ledger<O> {
    store: OperationStore,
    objects: O,
}

impl<O: Objects> Ledger<O> {
    /// With its table and the bucket of exports.
    pub fn new(store: OperationStore, objects: O) -> Self {
        Self { store, objects }
    }

    /// Handles one event; those of other types are no concern of the ledger's.
    ///
    /// # Errors
    /// What keeps the event from being handled, now or ever.
    pub async fn hear(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let at = event.time;
        let (id, fact) = match event.kind.as_str() {
            UserDeletionRequested::TYPE => {
                let data: UserDeletionRequested = event.data()?;
                let (user_id, erase_at) = (data.user_id, data.erase_at);
                let fact = Fact::DeletionRequested {
                    user_id,
                    at,
                    erase_at,
                };
                (data.operation_id, fact)
            }
            UserDeletionCancelled::TYPE => {
                let data: UserDeletionCancelled = event.data()?;
                let user_id = data.user_id;
                (data.operation_id, Fact::DeletionCancelled { user_id, at })
            }
            UserDeleted::TYPE => return self.deleted(event, cx).await,
            UserExportRequested::TYPE => {
                let data: UserExportRequested = event.data()?;
                let user_id = data.user_id;
                (data.operation_id, Fact::ExportRequested { user_id, at })
            }
            SagaStepCompleted::TYPE => {
                let data: SagaStepCompleted = event.data()?;
                let step = Step {
                    completed_at: at,
                    counts: data.counts,
                };
                let group = data.group;
                (data.operation_id, Fact::Stepped { group, step })
            }
            _ => return Ok(()),
        };
        for _ in 0..ATTEMPTS {
            let operation = self.add(cx, id, &fact).await?;
            if self.act(cx, &operation).await? {
                return Ok(());
            }
        }
        Err(busy())
    }

    /// Writes a fact down; what the operation is with it.
    async fn add(
        &self,
        cx: &Context,
        id: OperationId,
        fact: &Fact,
    ) -> Result<Operation, WorkerError> {
        for _ in 0..ATTEMPTS {
            let before = self.store.operation(id).await?;
            let before = before.unwrap_or_else(|| Operation::new(id));
            let mut after = before.clone().with(fact);
            // News of somebody who is gone: it is nobody's.
            if let Some(user) = after.user_id
                && self.store.is_erased(user).await?
            {
                let at = after.created_at();
                after = after.with(&Fact::Discarded { at });
            }
            if after == before {
                return Ok(after);
            }
            match self.store.write(cx, &before, &after).await {
                Err(CommitError::Condition(_)) => {}
                other => {
                    other?;
                    after.version += 1;
                    return Ok(after);
                }
            }
        }
        Err(busy())
    }

    /// Does what an operation asks for; `false` if it was changed meanwhile.
    async fn act(&self, cx: &Context, operation: &Operation) -> Result<bool, WorkerError> {
        if operation.kind != Some(Kind::AccountExport) {
            return Ok(true);
        }
        if operation.discarded_at.is_some() {
            archive::remove(&self.objects, operation.id).await?;
        } else if operation.is_due() {
            return self.complete(cx, operation).await;
        } else if operation.archive.is_some() {
            archive::remove_parts(&self.objects, operation.id).await?;
        }
        Ok(true)
    }

    /// Makes the file of an export, then says so, then removes the parts.
    async fn complete(&self, cx: &Context, operation: &Operation) -> Result<bool, WorkerError> {
        archive::write(&self.objects, operation).await?;
        let now = self.store.table().clock().now();
        let made = Archive {
            completed_at: now,
            expires_at: now + ARCHIVE_KEPT,
        };
        match self.store.complete(cx, operation, made).await {
            // Its owner may be gone: then the file must go too.
            Err(CommitError::Condition(_)) => Ok(false),
            other => {
                other?;
                archive::remove_parts(&self.objects, operation.id).await?;
                Ok(true)
            }
        }
    }

    /// An account is gone: its operation has begun, and of its other ones nothing
    /// stays. That is this group's own part of the deletion.
    async fn deleted(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let data: UserDeleted = event.data()?;
        let at = event.time;
        self.add(cx, data.operation_id, &Fact::Deleted { at })
            .await?;
        let begun = Erasure::begin(self.store.table(), cx, OWN, &data, at).await?;
        let Some(mut erasure) = begun else {
            return Ok(());
        };
        let user = data.user_id;
        // From now on nothing can become theirs.
        for id in self.store.all_of(user).await? {
            self.discard(cx, &mut erasure, user, id, at).await?;
        }
        Ok(erasure.finish().await?)
    }

    /// First the operation is nobody's, so that no file is made of it any more;
    /// then its objects go; then it leaves the list, which says that it is done.
    async fn discard(
        &self,
        cx: &Context,
        erasure: &mut Erasure<'_>,
        user: UserId,
        id: OperationId,
        at: jiff::Timestamp,
    ) -> Result<(), WorkerError> {
        let operation = self.add(cx, id, &Fact::Discarded { at }).await?;
        if operation.kind == Some(Kind::AccountExport) {
            archive::remove(&self.objects, id).await?;
        }
        let forget = |commit: &mut _| OperationStore::forget(commit, user, id);
        Ok(erasure.portion("operations", 1, forget).await?)
    }
}

fn busy() -> WorkerError {
    WorkerError::transient("the operation changes all the time")
}
