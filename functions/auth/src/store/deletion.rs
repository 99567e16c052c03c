//! Accounts that are to be deleted: deactivated, brought back, or given up to be
//! erased.

use jiff::Timestamp;
use shared::{
    commit::{Commit, CommitError},
    cx::Context,
    event::operations::{
        UserDeleted, UserDeletionCancelled, UserDeletionRequested, UserExportRequested,
    },
    http::Reply,
    id::{OperationId, OrganizationId, SessionId, UserId},
    principal::Role,
    problem::Problem,
    table::{Index, Query, StoreError},
};

use super::{
    Sealed, Store, Subject,
    administration::record,
    items,
    links::{self, spend},
    sessions::still_signed_in,
};
use crate::{
    model::{
        administration::Administration,
        challenge::Challenge,
        deletion::{Deletion, EXPORT_PAUSE, ExportRequest},
        mailed::{Link, LinkUse},
        organization::next_sequence,
    },
    problems::{EXPORT_UNDERWAY, LINK_GONE},
};

/// What undoes a deletion, and is used up by that.
#[derive(Debug)]
pub enum Undoing {
    /// The link of the letter.
    Link(Link),
    /// The challenge of a sign-in.
    Challenge(Challenge),
}

impl Store {
    /// The organisations of which a person is the only owner.
    pub async fn owned_alone(&self, user: UserId) -> Result<Vec<OrganizationId>, StoreError> {
        let memberships = self.all_memberships(user).await?;
        let mut alone = Vec::new();
        for place in memberships.iter().filter(|place| place.role == Role::Owner) {
            if self.owners(place.organization_id).await? < 2 {
                alone.push(place.organization_id);
            }
        }
        Ok(alone)
    }

    /// Deactivates the account of whoever has this session, and answers: no token
    /// of theirs is valid from now on.
    pub async fn request_deletion(
        &self,
        cx: &Context,
        subject: &Subject,
        deletion: &Deletion,
        letter: &Sealed,
        session: SessionId,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let user_id = subject.account.id;
        let after = Administration {
            deletion: Some(deletion.clone()),
            ..subject.record.clone()
        };
        let mut commit = Commit::new(&self.table, cx);
        still_signed_in(&mut commit, user_id, session);
        record(&mut commit, &after);
        commit.within(&self.access).put(&after.access());
        links::forget_pending(&mut commit, user_id);
        links::send_about(&mut commit, letter, Some(deletion.operation_id));
        let sequence = next_sequence(None, commit.now());
        commit.publish(
            &UserDeletionRequested {
                user_id,
                operation_id: deletion.operation_id,
                erase_at: deletion.erase_at,
            },
            sequence,
        );
        commit.finish(reply).await
    }

    /// Brings an account back that is to be deleted, and answers.
    ///
    /// # Errors
    /// [`LINK_GONE`] if it was brought back, or given up, in the meantime.
    pub async fn cancel_deletion(
        &self,
        cx: &Context,
        subject: &Subject,
        by: &Undoing,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let user_id = subject.account.id;
        let gone = || Problem::new(&LINK_GONE);
        let deletion = subject.record.deletion.as_ref();
        let deletion = deletion
            .filter(|one| one.can_be_undone(self.now()))
            .ok_or_else(gone)?;
        let after = Administration {
            deletion: None,
            ..subject.record.clone()
        };
        let mut commit = Commit::new(&self.table, cx);
        match by {
            Undoing::Link(link) => spend(&mut commit, link),
            Undoing::Challenge(challenge) => {
                commit
                    .delete(items::challenge(&challenge.token))
                    .when("attribute_exists(#pk)")
                    .or(gone());
                commit.delete(items::link(user_id, LinkUse::CancelDeletion));
            }
        }
        record(&mut commit, &after);
        commit.within(&self.access).put(&after.access());
        let sequence = next_sequence(None, commit.now());
        commit.publish(
            &UserDeletionCancelled {
                user_id,
                operation_id: deletion.operation_id,
            },
            sequence,
        );
        commit.finish(reply).await
    }

    /// Accounts whose time has come by `now`, the oldest first.
    pub async fn due_deletions(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let query = Query::partition(items::DELETING)
            .index(Index::Gsi2)
            .between("0", items::due(now, "~"))
            .limit(limit);
        let found = self.table.query::<Administration>(query).await?;
        Ok(found.items.iter().map(|record| record.user_id).collect())
    }

    /// Gives an account up to be erased: from here on there is no way back.
    ///
    /// # Errors
    /// A condition if it was brought back in the meantime.
    pub async fn give_up(
        &self,
        cx: &Context,
        before: &Administration,
        deletion: &Deletion,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        record(
            &mut commit,
            &Administration {
                deletion: Some(Deletion {
                    begun: true,
                    ..deletion.clone()
                }),
                ..before.clone()
            },
        );
        commit.delete(items::link(before.user_id, LinkUse::CancelDeletion));
        let sequence = next_sequence(None, commit.now());
        commit.publish(
            &UserDeleted {
                user_id: before.user_id,
                operation_id: deletion.operation_id,
            },
            sequence,
        );
        commit.execute().await
    }

    /// Says once more that an account is gone.
    pub async fn say_deleted(
        &self,
        cx: &Context,
        user_id: UserId,
        operation_id: OperationId,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        let sequence = next_sequence(None, commit.now());
        let deleted = UserDeleted {
            user_id,
            operation_id,
        };
        commit.publish(&deleted, sequence);
        commit.execute().await
    }

    /// Asks every group for what it keeps of whoever has this session, and answers.
    ///
    /// # Errors
    /// [`EXPORT_UNDERWAY`]
    pub async fn request_export(
        &self,
        cx: &Context,
        export: &ExportRequest,
        session: SessionId,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let before = self.export(export.user_id).await?;
        let recent = before.filter(|before| before.is_recent(export.requested_at));
        if let Some(before) = &recent {
            return Err(underway(before));
        }
        let mut commit = Commit::new(&self.table, cx);
        still_signed_in(&mut commit, export.user_id, session);
        commit
            .put(export)
            .when("(attribute_not_exists(#pk) OR #requestedAt <= :before)")
            .bind(":before", export.requested_at - EXPORT_PAUSE)
            .or(Problem::new(&EXPORT_UNDERWAY));
        let sequence = next_sequence(None, export.requested_at);
        commit.publish(
            &UserExportRequested {
                user_id: export.user_id,
                operation_id: export.operation_id,
            },
            sequence,
        );
        commit.finish(reply).await
    }

    /// The last export that a person asked for.
    pub async fn export(&self, user: UserId) -> Result<Option<ExportRequest>, StoreError> {
        self.read(&items::export(user)).await
    }
}

fn underway(before: &ExportRequest) -> Problem {
    Problem::new(&EXPORT_UNDERWAY)
        .detail("One was asked for within the last 24 hours: see its operation.")
        .with("operationId", before.operation_id.to_string())
}
