//! What administrators of the platform decide about accounts: on consistent reads,
//! in one commit each.

use futures::future::try_join3;
use shared::{
    access::UserAccess,
    commit::{Commit, CommitError},
    cx::Context,
    event::accounts::{
        UserExternalIdsChanged, UserPasswordResetRequired, UserReinstated, UserRoleChanged,
        UserSuspended,
    },
    http::Reply,
    id::UserId,
    principal::PlatformRole,
    problem::{CONFLICT, Problem},
    table::StoreError,
};

use super::{Store, items, items::Claim};
use crate::{
    model::{
        account::{Account, Credential},
        administration::{Administration, Administrator},
        email::Email,
        organization::next_sequence,
    },
    problems::EXTERNAL_ID_TAKEN,
};

/// An account with everything that administrators decide about it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The account.
    pub account: Account,
    /// What was decided.
    pub record: Administration,
    /// Its password, if it has one.
    pub credential: Option<Credential>,
}

/// What an administrator decided.
#[derive(Debug)]
pub struct Decision<'a> {
    /// The account as it was.
    pub subject: &'a Subject,
    /// What is decided about it now.
    pub after: &'a Administration,
    /// Whether the password is to be reset, if that changed.
    pub reset: Option<bool>,
    /// What the administrator wrote.
    pub reason: Option<&'a str>,
}

impl Store {
    /// An account and what was decided about it, consistently.
    pub async fn subject(&self, id: UserId) -> Result<Option<Subject>, StoreError> {
        let key = items::administration(id);
        let (account, record, credential) = try_join3(
            self.account(id),
            self.read::<Administration>(&key),
            self.credential(id),
        )
        .await?;
        Ok(account.map(|account| Subject {
            account,
            record: record.unwrap_or_else(|| Administration::none(id)),
            credential,
        }))
    }

    /// Keeps a decision, and answers. The administrator must still be what the
    /// token said, and nobody else may have decided in between.
    pub async fn decide(
        &self,
        cx: &Context,
        decision: &Decision<'_>,
        by: Administrator,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.administers(&mut commit, by);
        self.write(&mut commit, decision);
        commit.finish(reply).await
    }

    /// Makes the account of a proven address an owner of the platform, and lifts
    /// a suspension: what an operator does who may invoke this group's worker.
    /// `None` when there is nothing to change.
    ///
    /// # Errors
    /// The store's, or a condition: somebody else decided at the same time.
    pub async fn make_owner(
        &self,
        cx: &Context,
        subject: &Subject,
    ) -> Result<Option<()>, CommitError> {
        let after = Administration {
            role: PlatformRole::Owner,
            suspension: None,
            ..subject.record.clone()
        };
        if after == subject.record {
            return Ok(None);
        }
        let mut commit = Commit::new(&self.table, cx);
        let decision = Decision {
            subject,
            after: &after,
            reset: None,
            reason: None,
        };
        self.write(&mut commit, &decision);
        commit.execute().await.map(Some)
    }

    /// The administrator still is what the token said.
    pub(super) fn administers(&self, commit: &mut Commit, by: Administrator) {
        commit
            .within(&self.access)
            .check(UserAccess::key_of(by.user_id))
            .when("#platformRole = :as AND #suspended = :no")
            .bind(":as", by.role)
            .bind(":no", false)
            .or(Problem::forbidden("Your role on the platform has changed."));
    }

    fn write(&self, commit: &mut Commit, decision: &Decision<'_>) {
        let (before, after) = (&decision.subject.record, decision.after);
        let id = after.user_id;
        commit
            .check(items::account(id))
            .when("attribute_exists(#pk)")
            .or(Problem::not_found("The user"));
        record(commit, after);
        if before.access() != after.access() {
            commit.within(&self.access).put(&after.access());
        }
        let now = commit.now();
        if let Some(required) = decision.reset {
            commit
                .update(items::credential(id))
                .set("resetRequired", required)
                .set("changedAt", now)
                // A change of the password that began before does not end after.
                .add("version", 1)
                .when("attribute_exists(#pk)")
                .or(no_password());
        }
        claim(commit, before, after);
        tell(commit, decision);
    }

    /// The account of an address, and what was decided about it.
    ///
    /// # Errors
    /// The store's.
    pub async fn subject_of(&self, email: &Email) -> Result<Option<Subject>, StoreError> {
        match self.account_of(email).await? {
            Some(account) => self.subject(account.id).await,
            None => Ok(None),
        }
    }
}

/// What is decided about an account now; of racing decisions one succeeds.
pub(super) fn record(commit: &mut Commit, after: &Administration) {
    let action = if after.version == 0 {
        commit.create(after)
    } else {
        commit.replace(after)
    };
    action.or(Problem::new(&CONFLICT)
        .detail("Somebody else changed this account at the same time: read it again."));
}

/// The answer where there is no password to reset.
pub fn no_password() -> Problem {
    Problem::new(&CONFLICT).detail("The account has no password.")
}

/// Identities elsewhere change hands by guard items.
fn claim(commit: &mut Commit, before: &Administration, after: &Administration) {
    let id = after.user_id;
    for gone in before
        .external_ids
        .iter()
        .filter(|one| !after.external_ids.contains(one))
    {
        commit
            .delete(items::external(gone))
            .when("#owner = :user")
            .bind(":user", id);
    }
    for (at, new) in after.external_ids.iter().enumerate() {
        if before.external_ids.contains(new) {
            continue;
        }
        let taken = Problem::new(&EXTERNAL_ID_TAKEN).error(
            format!("/externalIds/{at}"),
            "taken",
            "another account has this identity",
        );
        commit
            .create(&Claim::new(items::external(new), id))
            .or(taken);
    }
}

/// One event for each thing that changed.
fn tell(commit: &mut Commit, decision: &Decision<'_>) {
    let (before, after) = (&decision.subject.record, decision.after);
    let user_id = after.user_id;
    let reason = decision.reason.map(str::to_owned);
    let sequence = next_sequence(None, commit.now());
    if before.role != after.role {
        let changed = UserRoleChanged {
            user_id,
            role: after.role,
            previous_role: before.role,
            reason: reason.clone(),
        };
        commit.publish(&changed, sequence);
    }
    match (&before.suspension, &after.suspension) {
        (None, Some(suspension)) => {
            let reason = suspension.reason.clone();
            commit.publish(&UserSuspended { user_id, reason }, sequence);
        }
        (Some(_), None) => {
            let reason = reason.clone();
            commit.publish(&UserReinstated { user_id, reason }, sequence);
        }
        _ => {}
    }
    if let Some(required) = decision.reset {
        let wanted = UserPasswordResetRequired {
            user_id,
            required,
            reason,
        };
        commit.publish(&wanted, sequence);
    }
    if before.external_ids != after.external_ids {
        let providers = after.external_ids.iter().map(|one| one.provider.clone());
        let changed = UserExternalIdsChanged {
            user_id,
            providers: providers.collect(),
        };
        commit.publish(&changed, sequence);
    }
}
