//! Erasing what a group keeps of a person, in portions.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::commit::{Action, CHUNK, Commit, CommitError, SEEN_KEPT};
use crate::cx::Context;
use crate::event::operations::{SagaStepCompleted, UserDeleted};
use crate::id::{OperationId, UserId};
use crate::table::{AnyItem, Entity, Key, Query, StoreError, Table};

/// How many items a sweep takes at once: what fits into one commit.
const PAGE: u32 = 90;
const _: () = assert!(PAGE as usize <= CHUNK);

/// What must be left of a delivery for one more portion.
const RESERVE: Duration = Duration::from_millis(1500);

/// How far a group came with a person. It stays as long as anything about them
/// can still come in late, and keeps it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erased {
    /// Who.
    pub user_id: UserId,
    /// The operation that sees to it.
    pub operation_id: OperationId,
    /// Counts the portions.
    pub version: u64,
    /// When the account went.
    pub deleted_at: Timestamp,
    /// How many of what are erased.
    pub counts: BTreeMap<String, u64>,
    /// When nothing was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
}

impl Erased {
    /// Where it stands.
    pub fn key_of(user: UserId) -> Key {
        Key::new(format!("ERASED#{user}"), "ERASED")
    }

    /// Lets a commit fail about somebody who is gone.
    pub fn not(commit: &mut Commit, user: UserId) -> &mut Action {
        commit
            .check(Self::key_of(user))
            .when("attribute_not_exists(#pk)")
    }

    /// Whether somebody is gone, or going.
    ///
    /// # Errors
    /// The store's.
    pub async fn is(table: &Table, user: UserId) -> Result<bool, StoreError> {
        let found: Option<Self> = table.get_consistent(&Self::key_of(user)).await?;
        Ok(found.is_some())
    }
}

impl Entity for Erased {
    const KIND: &'static str = "erased";

    fn key(&self) -> Key {
        Self::key_of(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.completed_at.unwrap_or(self.deleted_at) + KEPT)
    }
}

/// Longer than any event can come late.
const KEPT: SignedDuration = SEEN_KEPT;

/// One group's part in the deletion of an account.
///
/// Every portion is one commit that also counts it, on the condition that
/// nobody counted meanwhile: whatever is delivered twice, or broken off between
/// two portions, each item is counted once.
#[derive(Debug)]
pub struct Erasure<'a> {
    table: &'a Table,
    cx: &'a Context,
    group: &'static str,
    erased: Erased,
}

impl<'a> Erasure<'a> {
    /// Begins, or goes on; `None` if all was done before. From now on
    /// [`Erased::is`] says so.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin(
        table: &'a Table,
        cx: &'a Context,
        group: &'static str,
        deleted: &UserDeleted,
        deleted_at: Timestamp,
    ) -> Result<Option<Self>, CommitError> {
        let key = Erased::key_of(deleted.user_id);
        let found: Option<Erased> = table.get_consistent(&key).await?;
        let erased = if let Some(erased) = found {
            erased
        } else {
            let erased = Erased {
                user_id: deleted.user_id,
                operation_id: deleted.operation_id,
                version: 1,
                deleted_at,
                counts: BTreeMap::new(),
                completed_at: None,
            };
            let mut commit = Commit::new(table, cx);
            commit.create(&erased);
            commit.execute().await?;
            erased
        };
        let open = erased.completed_at.is_none();
        Ok(open.then_some(Self {
            table,
            cx,
            group,
            erased,
        }))
    }

    /// Who.
    pub fn user(&self) -> UserId {
        self.erased.user_id
    }

    /// Commits one portion, which erases `number` of `what`.
    ///
    /// # Errors
    /// A condition of the portion, or somebody else's portion at the same time;
    /// [`CommitError::Deadline`] when no time is left: the next delivery goes on.
    pub async fn portion(
        &mut self,
        what: &str,
        number: usize,
        fill: impl FnOnce(&mut Commit),
    ) -> Result<(), CommitError> {
        if self.cx.remaining() < RESERVE {
            return Err(CommitError::Deadline);
        }
        let mut next = self.erased.clone();
        *next.counts.entry(what.to_owned()).or_default() += number as u64;
        let mut commit = Commit::new(self.table, self.cx);
        fill(&mut commit);
        commit.replace(&next);
        commit.execute().await?;
        next.version += 1;
        self.erased = next;
        Ok(())
    }

    /// Erases everything that a query of the table itself finds.
    ///
    /// # Errors
    /// As [`Erasure::portion`].
    pub async fn sweep(&mut self, what: &str, query: Query) -> Result<(), CommitError> {
        let query = query.consistent().limit(PAGE);
        let mut after = None;
        loop {
            let found = self
                .table
                .query::<AnyItem>(query.clone().after(after))
                .await?;
            if !found.items.is_empty() {
                let keys = found.items.iter().map(Entity::key);
                self.remove(what, keys.collect()).await?;
            }
            if found.next.is_none() {
                return Ok(());
            }
            after = found.next;
        }
    }

    /// Erases items by their keys, at most [`CHUNK`] of them.
    ///
    /// # Errors
    /// As [`Erasure::portion`].
    pub async fn remove(&mut self, what: &str, keys: Vec<Key>) -> Result<(), CommitError> {
        self.portion(what, keys.len(), |commit| {
            for key in keys {
                commit.delete(key);
            }
        })
        .await
    }

    /// Says that nothing is left.
    ///
    /// # Errors
    /// The store's.
    pub async fn finish(self) -> Result<(), CommitError> {
        let mut commit = Commit::new(self.table, self.cx);
        let done = Erased {
            completed_at: Some(commit.now()),
            ..self.erased
        };
        commit.publish(
            &SagaStepCompleted {
                operation_id: done.operation_id,
                group: self.group.to_owned(),
                counts: done.counts.clone(),
            },
            1,
        );
        commit.replace(&done);
        commit.execute().await
    }
}
