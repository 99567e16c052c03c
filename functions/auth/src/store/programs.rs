//! API keys and service accounts. What the other groups need of them, the
//! verifiers of keys by hash and the rights of service accounts, is written to
//! the table `access` in the same commits.

use jiff::Timestamp;
use shared::{
    access::{Membership, RevokedSession},
    api_key::{KeyOwner, KeyVerifier, ServiceAccess, acting},
    commit::{Commit, CommitError},
    cx::Context,
    event::auth::CredentialChange,
    http::Reply,
    id::{OrganizationId, SessionId, UserId},
    page::PageRequest,
    problem::{CONFLICT, Problem},
    table::{Found, Query, StoreError},
};

use super::{
    Store,
    items::{self, ProgramOwner},
    members::{Actor, still_there},
    sessions::still_signed_in,
};
use crate::{
    model::program::{MAX_PROGRAMS, Program, ProgramId},
    problems::TOO_MANY_KEYS,
};

/// Which of an owner's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Programs {
    /// The API keys.
    ApiKeys,
    /// The service accounts.
    ServiceAccounts,
}

impl Programs {
    fn prefix(self) -> &'static str {
        match self {
            Self::ApiKeys => items::API_KEY,
            Self::ServiceAccounts => items::SERVICE_ACCOUNT,
        }
    }
}

impl Store {
    /// A key or service account by its id alone: whoever asks must still be
    /// asked what they may see.
    pub async fn program(&self, id: ProgramId) -> Result<Option<Program>, StoreError> {
        let owner: Option<ProgramOwner> = self.read(&items::program_owner(id)).await?;
        match owner {
            Some(found) => self.read(&items::program(found.owner, id)).await,
            None => Ok(None),
        }
    }

    /// A service account of this organisation.
    pub async fn program_of(
        &self,
        organization: OrganizationId,
        id: ProgramId,
    ) -> Result<Option<Program>, StoreError> {
        let found = self.program(id).await?;
        let here = |program: &Program| program.place().map(|(id, _)| id) == Some(organization);
        Ok(found.filter(here))
    }

    /// A page of an owner's keys or service accounts, the newest first.
    pub async fn programs(
        &self,
        owner: KeyOwner,
        which: Programs,
        page: &PageRequest,
    ) -> Result<Found<Program>, StoreError> {
        let query = Query::partition(items::owner(owner))
            .begins_with(which.prefix())
            .descending()
            .consistent()
            .limit(page.limit)
            .after(page.position());
        self.table.query(query).await
    }

    /// Keeps a new key or service account, made in a session that has not ended.
    pub async fn create_program(
        &self,
        cx: &Context,
        new: &Program,
        actor: Actor,
        session: SessionId,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        still_signed_in(&mut commit, actor.user_id, session);
        commit.create(new);
        commit.create(&ProgramOwner {
            id: new.id,
            owner: new.owner,
        });
        commit
            .update(items::program_count(new.owner))
            .add("programs", 1)
            .when("(attribute_not_exists(#programs) OR #programs < :most)")
            .bind(":most", MAX_PROGRAMS)
            .or(Problem::new(&TOO_MANY_KEYS));
        if let Some((organization, _)) = new.place() {
            still_there(&mut commit, organization);
            self.vouch(&mut commit, organization, actor);
        }
        self.let_in(&mut commit, new);
        commit.publish(&new.changed(CredentialChange::Created), 1);
        commit.execute().await
    }

    /// Keeps a changed one, and answers. Secrets that are gone cease to work.
    pub async fn change_program(
        &self,
        cx: &Context,
        before: &Program,
        after: &Program,
        change: CredentialChange,
        actor: Option<Actor>,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        commit.replace(after);
        if let (Some((organization, _)), Some(actor)) = (after.place(), actor) {
            still_there(&mut commit, organization);
            self.vouch(&mut commit, organization, actor);
        }
        for gone in &before.secrets {
            if !after.secrets.iter().any(|kept| kept.hash == gone.hash) {
                self.shut_out(&mut commit, &gone.hash);
            }
        }
        self.let_in(&mut commit, after);
        commit.publish(&after.changed(change), after.version + 1);
        commit.finish(reply).await
    }

    /// Ends one, and answers.
    pub async fn end_program(
        &self,
        cx: &Context,
        program: &Program,
        actor: Option<Actor>,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.take_out(&mut commit, program);
        if let (Some((organization, _)), Some(actor)) = (program.place(), actor) {
            self.vouch(&mut commit, organization, actor);
        }
        commit.finish(reply).await
    }

    /// Ends all keys of a person that were made until then. What is ended stays
    /// so if it stops half-way.
    pub(super) async fn end_keys_of(
        &self,
        cx: &Context,
        user_id: UserId,
        until: Timestamp,
    ) -> Result<(), CommitError> {
        let query = Query::partition(items::user(user_id))
            .begins_with(items::API_KEY)
            .consistent();
        let keys: Vec<Program> = self.table.query_all(query).await?;
        for key in keys.iter().filter(|key| key.created_at <= until) {
            let mut commit = Commit::new(&self.table, cx);
            self.take_out(&mut commit, key);
            commit.execute().await?;
        }
        Ok(())
    }

    /// Removes a program from its owner's.
    fn take_out(&self, commit: &mut Commit, program: &Program) {
        self.remove(commit, program);
        commit
            .update(items::program_count(program.owner))
            .add("programs", -1);
    }

    /// Refuses one token of a service account from now on.
    pub async fn revoke_token(
        &self,
        cx: &Context,
        user_id: UserId,
        session_id: SessionId,
        until: Timestamp,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.access, cx);
        commit.put(&RevokedSession {
            user_id,
            session_id,
            until,
        });
        commit.execute().await
    }

    /// Removes a program and whatever lets it in.
    pub(super) fn remove(&self, commit: &mut Commit, program: &Program) {
        commit
            .delete(items::program(program.owner, program.id))
            .when("#version = :version")
            .bind(":version", program.version)
            .or(Problem::new(&CONFLICT).detail("It was changed by somebody else. Try again."));
        commit.delete(items::program_owner(program.id));
        if let ProgramId::ServiceAccount(id) = program.id {
            commit
                .within(&self.access)
                .delete(ServiceAccess::key_of(id));
            if let Some((organization, _)) = program.place() {
                let key = Membership::key_of(acting(id), organization);
                commit.within(&self.access).delete(key);
            }
        } else {
            for secret in &program.secrets {
                self.shut_out(commit, &secret.hash);
            }
        }
        let sequence = program.version + 1;
        commit.publish(&program.changed(CredentialChange::Revoked), sequence);
    }

    fn let_in(&self, commit: &mut Commit, program: &Program) {
        let now = commit.now();
        for verifier in program.verifiers() {
            if verifier.expires_at.is_none_or(|at| at > now) {
                commit.within(&self.access).put(&verifier);
            }
        }
        if let Some((access, membership)) = program.service() {
            commit.within(&self.access).put(&access);
            commit.within(&self.access).put(&membership);
        }
    }

    fn shut_out(&self, commit: &mut Commit, hash: &str) {
        let key = KeyVerifier::key_of(hash);
        commit.within(&self.access).delete(key);
    }
}
