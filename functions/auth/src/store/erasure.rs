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
    organizations::RESERVE,
    sessions::Ending,
};
use crate::model::{email::Email, organization::Member, program::Program, session::Session};

/// How often a membership is tried whose organisation others change.
const ATTEMPTS: usize = 5;
/// Sessions in one portion: three actions each.
const SESSIONS: u32 = 25;
/// Members looked at for a successor.
const CANDIDATES: u32 = 1_000;

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
        for identity in self.identities(user).await? {
            let fill =
                |commit: &mut Commit| unlink(commit, &identity, Problem::new(&VERSION_CONFLICT));
            erasure.portion("identities", 1, fill).await?;
        }
        for place in self.all_memberships(user).await? {
            self.leave(cx, &mut erasure, place.organization_id).await?;
        }
        if let Some(subject) = self.subject(user).await? {
            let fill = |commit: &mut Commit| self.release(commit, &subject, hold);
            erasure.portion("accounts", 1, fill).await?;
        }
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
        loop {
            let found = self.table.query::<Session>(query.clone()).await?;
            if found.items.is_empty() {
                // What expired and still stands there goes with everything else.
                return Ok(());
            }
            let fill = |commit: &mut Commit| {
                for session in &found.items {
                    self.end(commit, user, session.id, Ending::Revoked);
                }
            };
            erasure.portion("sessions", found.items.len(), fill).await?;
        }
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
        if organization.deleted_by.is_none()
            && member.role == Role::Owner
            && self.owners(id).await? < 2
        {
            match self.successor(id, user).await? {
                Some(next) => self.promote(cx, &organization, &next).await?,
                None => self.begin_deletion(cx, &organization, user).await?,
            }
        }
        let organization = self.organization_in_any_state(id).await?;
        if organization.is_some_and(|organization| organization.deleted_by.is_some()) {
            // Whoever deletes it, it takes its members along.
            self.remove_hidden(cx, id, RESERVE).await?;
            let removed = self.member(id, user).await?.is_none();
            return if removed {
                erasure.portion("memberships", 1, |_| {}).await
            } else {
                Err(CommitError::Deadline)
            };
        }
        let account = self.account(user).await?;
        let fill = |commit: &mut Commit| self.take_out_member(commit, &member, account.as_ref());
        erasure.portion("memberships", 1, fill).await
    }

    /// Whoever owns an organisation next: the highest role, then the longest.
    async fn successor(
        &self,
        id: OrganizationId,
        leaving: UserId,
    ) -> Result<Option<Member>, StoreError> {
        let members = Query::partition(items::organization_partition(id))
            .begins_with(items::MEMBER)
            .consistent()
            .limit(CANDIDATES);
        let members = self.table.query::<Member>(members).await?.items;
        Ok(members
            .into_iter()
            .filter(|member| member.is_active() && member.user_id != leaving)
            .min_by_key(|member| (member.role, member.since)))
    }

    /// Gives up everything that is the person's alone, and the account.
    fn release(&self, commit: &mut Commit, subject: &Subject, hold: SignedDuration) {
        let (account, user) = (&subject.account, subject.account.id);
        let now = commit.now();
        if let Ok(email) = Email::parse(&account.email.0) {
            let key = items::email(&email);
            if hold.is_zero() {
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
        commit.within(&self.access).delete(UserAccess::key_of(user));
        commit
            .delete(items::account(user))
            .when("attribute_exists(#pk)");
    }
}
