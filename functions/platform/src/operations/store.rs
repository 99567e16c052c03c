//! The ledger's place in the platform table.
//!
//! | pk | sk | item |
//! |---|---|---|
//! | `OPERATION#<id>` | `OPERATION` | an operation |
//! | `USER#<user>` | `OPERATION#<id>` | that it is this person's, as long as it is |
//! | `ERASED#<user>` | `ERASED` | that a person is gone ([`Erased`]) |
//!
//! Whose an operation is stands in the table itself, not in an index: erasing
//! must find what was written a moment ago.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::event::operations::UserExportCompleted;
use shared::id::{OperationId, UserId};
use shared::page::PageRequest;
use shared::personal::Erased;
use shared::table::{Entity, Found, Key, Query, StoreError, Table};

use super::model::{Archive, Operation};

/// How long what is no proof of a deletion is kept: longer than any event can
/// come late, and the file of an export.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

const PREFIX: &str = "OPERATION#";

fn key(id: OperationId) -> Key {
    Key::new(format!("{PREFIX}{id}"), "OPERATION")
}

fn partition(user: UserId) -> String {
    format!("USER#{user}")
}

impl Operation {
    /// When it is forgotten. That somebody was deleted can be proved for good.
    fn kept_until(&self) -> Option<Timestamp> {
        let proof = self.deleted_at.is_some() && self.discarded_at.is_none();
        let last = self.erase_at.unwrap_or_else(|| self.created_at());
        (!proof).then(|| last + KEPT)
    }
}

impl Entity for Operation {
    const KIND: &'static str = "operation";

    fn key(&self) -> Key {
        key(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.kept_until()
    }
}

/// That an operation is somebody's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owned {
    user_id: UserId,
    operation_id: OperationId,
    until: Option<Timestamp>,
}

impl Entity for Owned {
    const KIND: &'static str = "owned-operation";

    fn key(&self) -> Key {
        owned_key(self.user_id, self.operation_id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.until
    }
}

fn owned_key(user: UserId, operation: OperationId) -> Key {
    Key::new(partition(user), format!("{PREFIX}{operation}"))
}

/// The ledger's table.
#[derive(Debug, Clone)]
pub struct OperationStore {
    table: Table,
}

impl OperationStore {
    /// On top of the group's table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// The table behind it.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// An operation as it is now.
    ///
    /// # Errors
    /// The store's.
    pub async fn operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        self.table.get_consistent(&key(id)).await
    }

    /// A page of a person's operations, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn of(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Found<Operation>, StoreError> {
        let query = Query::partition(partition(user))
            .descending()
            .limit(page.limit)
            .after(page.position());
        let found = self.table.query::<Owned>(query).await?;
        let keys = found.items.iter().map(|owned| key(owned.operation_id));
        let items = self.table.batch_get(&keys.collect::<Vec<_>>()).await?;
        Ok(Found {
            items,
            next: found.next,
        })
    }

    /// All of a person's operations, consistently.
    ///
    /// # Errors
    /// The store's.
    pub async fn all_of(&self, user: UserId) -> Result<Vec<OperationId>, StoreError> {
        let query = Query::partition(partition(user)).consistent();
        let owned = self.table.query_all::<Owned>(query).await?;
        Ok(owned.into_iter().map(|owned| owned.operation_id).collect())
    }

    /// Whether somebody's account is gone.
    ///
    /// # Errors
    /// The store's.
    pub async fn is_erased(&self, user: UserId) -> Result<bool, StoreError> {
        Erased::is(&self.table, user).await
    }

    /// Writes an operation as it is after `before`.
    ///
    /// # Errors
    /// [`CommitError::Condition`] if it was changed meanwhile, or whose it is was
    /// erased.
    pub async fn write(
        &self,
        cx: &Context,
        before: &Operation,
        after: &Operation,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        Self::change(&mut commit, before, after);
        commit.execute().await
    }

    /// Writes that the file of an export is there, and publishes it.
    ///
    /// # Errors
    /// [`CommitError::Condition`] if it was changed meanwhile, or whose it is was
    /// erased.
    pub async fn complete(
        &self,
        cx: &Context,
        before: &Operation,
        archive: Archive,
    ) -> Result<(), CommitError> {
        let after = Operation {
            archive: Some(archive),
            ..before.clone()
        };
        let mut commit = Commit::new(&self.table, cx);
        Self::change(&mut commit, before, &after);
        if let Some(user_id) = after.user_id {
            let event = UserExportCompleted {
                user_id,
                operation_id: after.id,
                expires_at: archive.expires_at,
            };
            commit.publish(&event, 1);
        }
        commit.execute().await
    }

    fn change(commit: &mut Commit, before: &Operation, after: &Operation) {
        if before.version == 0 {
            commit.create(after);
        } else {
            commit.replace(after);
        }
        if let Some(user_id) = after.user_id {
            Erased::not(commit, user_id);
            commit.put(&Owned {
                user_id,
                operation_id: after.id,
                until: after.kept_until(),
            });
        } else if let Some(user_id) = before.user_id.filter(|_| after.deleted_at.is_some()) {
            // Of one that is discarded the entry goes last, with its objects.
            commit.delete(owned_key(user_id, after.id));
        }
    }

    /// Takes an operation from the list of a person's.
    pub fn forget(commit: &mut Commit, user: UserId, id: OperationId) {
        commit.delete(owned_key(user, id));
    }
}
