//! Signing in with providers: flows on their way, and the identities that
//! accounts are linked to.

use jiff::Timestamp;
use shared::{
    access::UserAccess,
    commit::{Commit, CommitError},
    cx::Context,
    event::{
        accounts::UserIdentityChanged,
        auth::{Letter, UserContactChanged, UserRegistered},
    },
    http::Reply,
    id::{SessionId, UserId},
    problem::{CONFLICT, Problem, VERSION_CONFLICT},
    table::{Query, StoreError},
};

use super::{
    Store,
    factors::unchanged,
    items::{self, Claim},
    links,
    sessions::still_signed_in,
};
use crate::{
    model::{
        account::{Account, SeenPassword},
        email::Email,
        flow::Flow,
        identity::Identity,
        organization::next_sequence,
        provider::ProviderName,
    },
    problems::{EMAIL_TAKEN, FLOW_GONE, IDENTITY_TAKEN, LAST_WAY_IN, PROVIDER_LINKED},
};

impl Store {
    /// Keeps a flow.
    pub async fn begin_flow(
        &self,
        cx: &Context,
        flow: &Flow,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        commit.create(flow);
        commit.finish(reply).await
    }

    /// The flow of a state.
    pub async fn flow(&self, id: &str) -> Result<Option<Flow>, StoreError> {
        self.read(&items::flow(id)).await
    }

    /// Ends a flow: of those who come with its state, one goes on.
    ///
    /// # Errors
    /// [`FLOW_GONE`]
    pub async fn take_flow(&self, cx: &Context, flow: &Flow) -> Result<(), Problem> {
        let mut commit = Commit::new(&self.table, cx);
        commit
            .delete(items::flow(&flow.id))
            .when("attribute_exists(#pk)")
            .or(Problem::new(&FLOW_GONE));
        Ok(commit.execute().await?)
    }

    /// Whose account a person at a provider is linked to.
    pub async fn identified(
        &self,
        provider: ProviderName,
        subject: &str,
    ) -> Result<Option<UserId>, StoreError> {
        let key = items::subject(provider, subject);
        let claim: Option<Claim<UserId>> = self.read(&key).await?;
        Ok(claim.map(|claim| claim.owner))
    }

    /// An account's identity at a provider.
    pub async fn identity(
        &self,
        user: UserId,
        provider: ProviderName,
    ) -> Result<Option<Identity>, StoreError> {
        self.read(&items::identity(user, provider)).await
    }

    /// All identities of an account: one for each provider at most.
    pub async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let query = Query::partition(items::user(user))
            .begins_with(items::IDENTITY)
            .consistent();
        self.table.query_all(query).await
    }

    /// Creates an account whose owner came from a provider that vouches for the
    /// address.
    ///
    /// # Errors
    /// [`EMAIL_TAKEN`] or [`IDENTITY_TAKEN`] if another was faster.
    pub async fn register_identified(
        &self,
        cx: &Context,
        account: &Account,
        email: &Email,
        identity: &Identity,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit
            .create(&Claim::new(items::email(email), account.id))
            .or(Problem::new(&EMAIL_TAKEN));
        claim(&mut commit, identity);
        commit.create(account);
        commit
            .within(&self.access)
            .create(&UserAccess::ordinary(account.id));
        commit.publish(
            &UserRegistered {
                user_id: account.id,
                name: account.name.clone(),
                username: None,
            },
            1,
        );
        commit.publish(
            &UserContactChanged {
                user_id: account.id,
                email: email.as_str().to_owned(),
                verified: true,
            },
            1,
        );
        noted(&mut commit, identity, true);
        commit.execute().await
    }

    /// Links an account whose address is verified, and tells its owner: if it
    /// has the password that was seen, and the session that asks, if one does.
    ///
    /// # Errors
    /// [`IDENTITY_TAKEN`], [`PROVIDER_LINKED`], [`CONFLICT`] if the address
    /// changed meanwhile, or `version-conflict` if the password did.
    pub async fn link_identity(
        &self,
        cx: &Context,
        account: &Account,
        identity: &Identity,
        seen: &SeenPassword,
        session: Option<SessionId>,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        if let Some(session) = session {
            still_signed_in(&mut commit, account.id, session);
        }
        unchanged(&mut commit, seen);
        claim(&mut commit, identity);
        noted(&mut commit, identity, true);
        commit
            .check(items::account(account.id))
            .when("#email = :address AND #emailVerified = :yes")
            .bind(":address", &account.email)
            .bind(":yes", true)
            .or(Problem::new(&CONFLICT));
        links::tell(&mut commit, account.id, &account.email, Letter::SignInAdded);
        commit.execute().await
    }

    /// Notes what the provider said now.
    ///
    /// # Errors
    /// [`FLOW_GONE`] if it was unlinked meanwhile.
    pub async fn renew_identity(
        &self,
        cx: &Context,
        identity: &Identity,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        let update = commit.update(items::identity(identity.user_id, identity.provider));
        update
            .set("usedAt", identity.used_at)
            .when("#subject = :subject")
            .bind(":subject", &identity.subject)
            .or(Problem::new(&FLOW_GONE));
        match &identity.email {
            Some(email) => update.set("email", email),
            None => update.remove("email"),
        };
        if let Some(tokens) = &identity.tokens {
            update.set("tokens", tokens);
        }
        commit.execute().await
    }

    /// Unlinks an identity, if its owner has another way in: a password, a
    /// passkey or another provider, which must still be there when it happens.
    ///
    /// # Errors
    /// [`LAST_WAY_IN`]
    pub async fn unlink_identity(
        &self,
        cx: &Context,
        identity: &Identity,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let user = identity.user_id;
        let (credential, identities, factors) = futures::future::try_join3(
            self.credential(user),
            self.identities(user),
            self.factors(user),
        )
        .await?;
        let mut others = identities.iter().map(|other| other.provider);
        let other = if credential.is_some() {
            items::credential(user)
        } else if factors.passkeys > 0 {
            items::factors(user)
        } else {
            let other = others.find(|other| *other != identity.provider);
            let other = other.ok_or_else(|| Problem::new(&LAST_WAY_IN))?;
            items::identity(user, other)
        };
        let mut commit = Commit::new(&self.table, cx);
        let there = commit.check(other).or(Problem::new(&LAST_WAY_IN));
        if credential.is_none() && factors.passkeys > 0 {
            there.when("#passkeys > :none").bind(":none", 0);
        } else {
            there.when("attribute_exists(#pk)");
        }
        unlink(&mut commit, identity, Problem::not_found("The identity"));
        commit.finish(reply).await
    }

    /// Unlinks all identities of an account that were linked until then.
    pub(super) async fn unlink_identities_of(
        &self,
        cx: &Context,
        user: UserId,
        until: Timestamp,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        let linked = self.identities(user).await?;
        for identity in linked.iter().filter(|one| one.linked_at <= until) {
            unlink(&mut commit, identity, Problem::new(&VERSION_CONFLICT));
        }
        if !commit.is_empty() {
            commit.execute().await?;
        }
        Ok(())
    }
}

pub(super) fn unlink(commit: &mut Commit, identity: &Identity, gone: Problem) {
    commit
        .delete(items::identity(identity.user_id, identity.provider))
        .when("#subject = :subject")
        .bind(":subject", &identity.subject)
        .or(gone);
    commit.delete(items::subject(identity.provider, &identity.subject));
    noted(commit, identity, false);
}

/// One account for a person at a provider, one such person for an account.
fn claim(commit: &mut Commit, identity: &Identity) {
    let key = items::subject(identity.provider, &identity.subject);
    commit
        .create(&Claim::new(key, identity.user_id))
        .or(Problem::new(&IDENTITY_TAKEN));
    commit.create(identity).or(Problem::new(&PROVIDER_LINKED));
}

/// For the log.
fn noted(commit: &mut Commit, identity: &Identity, linked: bool) {
    let sequence = next_sequence(None, commit.now());
    commit.publish(
        &UserIdentityChanged {
            user_id: identity.user_id,
            provider: identity.provider.name().to_owned(),
            linked,
        },
        sequence,
    );
}
