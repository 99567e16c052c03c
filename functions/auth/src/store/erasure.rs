//! Erasing an account that was given up: everything by which somebody comes in
//! first, the account itself near the end, so that what stops half-way finds its
//! way again.

use jiff::{SignedDuration, Timestamp};
use shared::{
    access::UserAccess,
    commit::{Commit, CommitError},
    cx::Context,
    event::operations::UserDeleted,
    id::{OrganizationId, UserId},
    personal::Erasure,
    principal::Role,
    problem::{Problem, VERSION_CONFLICT},
    table::{Query, StoreError},
};

use super::{
    Store, Subject,
    identities::unlink,
    items::{self, Claim},
    organizations::{RESERVE, hide},
    sessions::Ending,
};
use crate::model::{email::Email, organization::Member, program::Program, session::Session};

/// How often a membership is tried whose organisation others change.
const ATTEMPTS: usize = 5;
/// Sessions in one portion: three actions each.
const SESSIONS: u32 = 25;
/// Members whose standing is looked at for a successor.
const CANDIDATES: usize = 50;

impl Store {
    /// Erases what this group keeps of a person; `hold` is how long nobody can
    /// register with their address.
    ///
    /// # Errors
    /// The store's, and those of others who change the same: the next delivery
    /// goes on.
    pub async fn erase(
        &self,
        cx: &Context,
        deleted: &UserDeleted,
        at: Timestamp,
        hold: SignedDuration,
    ) -> Result<(), CommitError> {
        let Some(mut erasure) = Erasure::begin(&self.table, cx, "auth", deleted, at).await? else {
            return Ok(());
        };
        let user = erasure.user();
        self.erase_sessions(&mut erasure).await?;
        self.erase_programs(&mut erasure).await?;
        for passkey in self.passkeys(user).await? {
            let fill = |commit: &mut Commit| {
                commit.delete(items::passkey(user, passkey.id));
                commit.delete(items::credential_claim(&passkey.credential_id));
            };
            erasure.portion("passkeys", 1, fill).await?;
        }
        self.erase_identities(&mut erasure).await?;
        for place in self.all_memberships(user).await? {
            self.leave(cx, &mut erasure, place.organization_id).await?;
        }
        if let Some(subject) = self.subject(user).await? {
            let fill = |commit: &mut Commit| self.release(commit, &subject, hold);
            erasure.portion("accounts", 1, fill).await?;
        }
        // One that was linked in the meantime; without an account, none is.
        self.erase_identities(&mut erasure).await?;
        let rest = Query::partition(items::user(user));
        erasure.sweep("records", rest).await?;
        erasure.finish().await
    }

    async fn erase_sessions(&self, erasure: &mut Erasure<'_>) -> Result<(), CommitError> {
        let user = erasure.user();
        let query = Query::partition(items::user(user))
            .begins_with(items::SESSION)
            .consistent()
            .limit(SESSIONS);
        let mut after = None;
        loop {
            let page = query.clone().after(after);
            let found = self.table.query::<Session>(page).await?;
            // What expired and still stands there goes with everything else.
            if !found.items.is_empty() {
                let fill = |commit: &mut Commit| {
                    for session in &found.items {
                        self.end(commit, user, session.id, Ending::Revoked);
                    }
                };
                erasure.portion("sessions", found.items.len(), fill).await?;
            }
            after = found.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn erase_identities(&self, erasure: &mut Erasure<'_>) -> Result<(), CommitError> {
        for identity in self.identities(erasure.user()).await? {
            let changed = Problem::new(&VERSION_CONFLICT);
            let fill = |commit: &mut Commit| unlink(commit, &identity, changed);
            erasure.portion("identities", 1, fill).await?;
        }
        Ok(())
    }

    async fn erase_programs(&self, erasure: &mut Erasure<'_>) -> Result<(), CommitError> {
        let keys = Query::partition(items::user(erasure.user()))
            .begins_with(items::API_KEY)
            .consistent();
        for key in self.table.query_all::<Program>(keys).await? {
            let fill = |commit: &mut Commit| self.remove(commit, &key);
            erasure.portion("apiKeys", 1, fill).await?;
        }
        Ok(())
    }

    /// Takes the person out of an organisation. Where they alone own it, whoever
    /// stands highest and longest follows them; where they are alone in it, it goes.
    async fn leave(
        &self,
        cx: &Context,
        erasure: &mut Erasure<'_>,
        id: OrganizationId,
    ) -> Result<(), CommitError> {
        let user = erasure.user();
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match self.try_leave(cx, erasure, id, user).await {
                // Others came, went or got another role in the meantime.
                Err(error @ CommitError::Condition(_)) => last = Some(error),
                other => return other,
            }
        }
        last.map_or(Ok(()), Err)
    }

    async fn try_leave(
        &self,
        cx: &Context,
        erasure: &mut Erasure<'_>,
        id: OrganizationId,
        user: UserId,
    ) -> Result<(), CommitError> {
        let (member, organization) =
            futures::future::try_join(self.member(id, user), self.organization_in_any_state(id))
                .await?;
        let Some((member, organization)) = member.filter(Member::is_active).zip(organization)
        else {
            return Ok(());
        };
        if organization.deleted_by.is_some() {
            return self.go_with(cx, id, user).await;
        }
        if member.role == Role::Owner && self.owners(id).await? < 2 {
            let Some(next) = self.successor(id, user).await? else {
                let fill = |commit: &mut Commit| {
                    hide(commit, &organization, user);
                    alone(commit, id);
                };
                erasure.portion("memberships", 1, fill).await?;
                return self.go_with(cx, id, user).await;
            };
            self.promote(cx, &organization, &next).await?;
        }
        let account = self.account(user).await?;
        let fill = |commit: &mut Commit| self.take_out_member(commit, &member, account.as_ref());
        erasure.portion("memberships", 1, fill).await
    }

    /// An organisation that is being deleted, by whomever, takes its members along.
    async fn go_with(
        &self,
        cx: &Context,
        id: OrganizationId,
        user: UserId,
    ) -> Result<(), CommitError> {
        self.remove_hidden(cx, id, RESERVE).await?;
        let removed = self.member(id, user).await?.is_none();
        removed.then_some(()).ok_or(CommitError::Deadline)
    }

    /// Whoever owns an organisation next: the highest role, then the longest, and
    /// nobody who cannot act, unless there is nobody else.
    async fn successor(
        &self,
        id: OrganizationId,
        leaving: UserId,
    ) -> Result<Option<Member>, StoreError> {
        let members = Query::partition(items::organization_partition(id))
            .begins_with(items::MEMBER)
            .consistent();
        let mut members: Vec<Member> = self.table.query_all(members).await?;
        members.retain(|member| member.is_active() && member.user_id != leaving);
        members.sort_by_key(|member| (member.role, member.since));
        for member in members.iter().take(CANDIDATES) {
            let standing = self.standing(member.user_id).await?;
            if standing.is_none_or(|standing| !standing.suspended) {
                return Ok(Some(member.clone()));
            }
        }
        Ok(members.into_iter().next())
    }

    /// Gives up everything that is the person's alone, and the account.
    fn release(&self, commit: &mut Commit, subject: &Subject, hold: SignedDuration) {
        let (account, user) = (&subject.account, subject.account.id);
        let now = commit.now();
        if let Ok(email) = Email::parse(&account.email.0) {
            let key = items::email(&email);
            // An address that nobody proved may be somebody else's, who waits for it.
            if hold.is_zero() || !account.email_verified {
                commit.delete(key)
            } else {
                commit.put(&Claim {
                    until: Some(now + hold),
                    ..Claim::new(key, email.phantom())
                })
            }
            .when("#owner = :user")
            .bind(":user", user);
        }
        if let Some(username) = &account.username {
            commit.delete(items::username(username));
        }
        for external in &subject.record.external_ids {
            commit.delete(items::external(external));
        }
        if subject.record.version > 0 {
            commit
                .check(items::administration(user))
                .when("#version = :version")
                .bind(":version", subject.record.version);
        }
        commit.within(&self.access).delete(UserAccess::key_of(user));
        commit
            .delete(items::account(user))
            .when("attribute_exists(#pk)");
    }
}

/// Nobody came in whom the organisation would be taken from.
fn alone(commit: &mut Commit, id: OrganizationId) {
    commit
        .check(items::headcount(id))
        .when("#members = :one")
        .bind(":one", 1);
}
