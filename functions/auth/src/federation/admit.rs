//! Whose account it is that a provider vouched for.

use shared::{commit::CommitError, cx::Context, http::Reply, id::UserId, problem::Problem};

use crate::{
    model::{
        account::{Account, Address},
        email::Email,
        identity::{Identity, Person},
        provider::ProviderName,
        session::Method,
    },
    problems::{
        ACCOUNT_EXISTS, ACCOUNT_SUSPENDED, ADDRESS_UNVERIFIED, EMAIL_NOT_VERIFIED, IDENTITY_TAKEN,
        PROVIDER_LINKED,
    },
    providers::Tokens,
    state::App,
};

impl App {
    /// Signs in whoever a provider vouched for, with a new account if need be.
    ///
    /// # Errors
    /// [`ADDRESS_UNVERIFIED`], [`ACCOUNT_EXISTS`], [`ACCOUNT_SUSPENDED`].
    pub async fn sign_in_identified(
        &self,
        cx: &Context,
        provider: ProviderName,
        person: &Person,
        tokens: &Tokens,
    ) -> Result<Reply, Problem> {
        let account = match self.admit(cx, provider, person, tokens).await {
            // Somebody, likely the same person in another tab, was faster.
            Err(CommitError::Condition(_)) => self.admit(cx, provider, person, tokens).await?,
            admitted => admitted?,
        }?;
        self.sign_in(cx, account, false, &[Method::Federated]).await
    }

    /// The account of a person: the linked one, the one with the address, or a
    /// new one. The outer error is a commit that lost a race.
    async fn admit(
        &self,
        cx: &Context,
        provider: ProviderName,
        person: &Person,
        tokens: &Tokens,
    ) -> Result<Result<Account, Problem>, CommitError> {
        let linked = self.store.identified(provider, &person.subject).await?;
        let found = match (linked, &person.email) {
            (Some(user), _) => self.store.account(user).await?,
            (None, Some(email)) if person.email_verified => self.store.account_of(email).await?,
            _ => return Ok(Err(Problem::new(&ADDRESS_UNVERIFIED))),
        };
        let account = match (found, &person.email) {
            (Some(account), _) => account,
            (None, Some(email)) => return self.newcomer(cx, provider, person, email, tokens).await,
            (None, None) => return Ok(Err(Problem::new(&ADDRESS_UNVERIFIED))),
        };
        let standing = self.store.standing(account.id).await?;
        if standing.is_some_and(|standing| standing.suspended) {
            return Ok(Err(Problem::new(&ACCOUNT_SUSPENDED)));
        }
        if linked.is_none() && !account.email_verified {
            return Ok(Err(Problem::new(&ACCOUNT_EXISTS)));
        }
        let identity = match self.identity(account.id, provider, person, tokens).await {
            Ok(identity) => identity,
            Err(problem) => return Ok(Err(problem)),
        };
        if linked.is_some() {
            self.store.renew_identity(cx, &identity).await?;
        } else if let Err(err) = self.store.link_identity(cx, &account, &identity).await {
            return settled(err);
        }
        Ok(Ok(account))
    }

    async fn newcomer(
        &self,
        cx: &Context,
        provider: ProviderName,
        person: &Person,
        email: &Email,
        tokens: &Tokens,
    ) -> Result<Result<Account, Problem>, CommitError> {
        let account = Account {
            id: UserId::new(),
            version: 0,
            email: Address(email.as_str().to_owned()),
            email_verified: true,
            name: person.name.clone(),
            username: None,
            company: None,
            created_at: self.clock.now(),
            last_login_at: None,
            default_organization_id: None,
        };
        let identity = match self.identity(account.id, provider, person, tokens).await {
            Ok(identity) => identity,
            Err(problem) => return Ok(Err(problem)),
        };
        self.store
            .register_identified(cx, &account, email, &identity)
            .await?;
        Ok(Ok(account))
    }

    /// Links a person at a provider to somebody who is signed in.
    ///
    /// # Errors
    /// [`EMAIL_NOT_VERIFIED`], [`IDENTITY_TAKEN`],
    /// [`PROVIDER_LINKED`].
    pub async fn link_identified(
        &self,
        cx: &Context,
        account: &Account,
        provider: ProviderName,
        person: &Person,
        tokens: &Tokens,
    ) -> Result<Identity, Problem> {
        if !account.email_verified {
            return Err(Problem::new(&EMAIL_NOT_VERIFIED));
        }
        let identity = self.identity(account.id, provider, person, tokens).await?;
        match self.store.identified(provider, &person.subject).await? {
            Some(owner) if owner != account.id => return Err(Problem::new(&IDENTITY_TAKEN)),
            Some(_) => {
                self.store.renew_identity(cx, &identity).await?;
                let before = self.store.identity(account.id, provider).await?;
                return Ok(before.unwrap_or(identity));
            }
            None => self.store.link_identity(cx, account, &identity).await?,
        }
        Ok(identity)
    }
}

/// Linking an address that is known may fail for good: the account has another
/// identity there. Racing commits settle when they are tried again.
fn settled(err: CommitError) -> Result<Result<Account, Problem>, CommitError> {
    match err {
        CommitError::Condition(problem) if *problem.kind() == PROVIDER_LINKED => Ok(Err(problem)),
        err => Err(err),
    }
}
