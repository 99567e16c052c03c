//! Whose account it is that a provider vouched for.

use shared::{
    commit::CommitError,
    cx::Context,
    http::Reply,
    id::{SessionId, UserId},
    problem::Problem,
};

use crate::{
    leaving::Admission,
    model::{
        account::{Account, Address, SeenPassword},
        email::Email,
        identity::{Identity, Person},
        provider::ProviderName,
        session::Method,
    },
    problems::{
        ACCOUNT_EXISTS, ADDRESS_UNVERIFIED, EMAIL_NOT_VERIFIED, IDENTITY_TAKEN, PROVIDER_LINKED,
    },
    providers::Tokens,
    second_factor::again,
    state::App,
    store::Spent,
};

/// Somebody whom a provider vouched for: the account, how far they come in, and
/// the password that the account had then.
type Admitted = (Account, Admission, SeenPassword);

impl App {
    /// Signs in whoever a provider vouched for, with a new account if need be.
    ///
    /// # Errors
    /// [`ADDRESS_UNVERIFIED`], [`ACCOUNT_EXISTS`],
    /// [`ACCOUNT_SUSPENDED`](crate::problems::ACCOUNT_SUSPENDED).
    pub async fn sign_in_identified(
        &self,
        cx: &Context,
        provider: ProviderName,
        person: &Person,
        tokens: &Tokens,
    ) -> Result<Reply, Problem> {
        again(|| async {
            let (account, admission, seen) = match self.admit(cx, provider, person, tokens).await {
                // Somebody, likely the same person in another tab, was faster.
                Err(CommitError::Condition(_)) => self.admit(cx, provider, person, tokens).await?,
                admitted => admitted?,
            }?;
            let spent = Spent {
                password: Some(seen),
                ..Spent::default()
            };
            let methods = [Method::Federated];
            self.sign_in(cx, account, admission, &methods, spent).await
        })
        .await
    }

    /// The account of a person: the linked one, the one with the address, or a
    /// new one; and its password as it was before anything was written. The
    /// outer error is a commit that lost a race.
    async fn admit(
        &self,
        cx: &Context,
        provider: ProviderName,
        person: &Person,
        tokens: &Tokens,
    ) -> Result<Result<Admitted, Problem>, CommitError> {
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
        let (standing, credential) = futures::future::try_join(
            self.store.standing(account.id),
            self.store.credential(account.id),
        )
        .await?;
        let admission = match Admission::of(standing.as_ref()) {
            Ok(admission) => admission,
            Err(problem) => return Ok(Err(problem)),
        };
        let sure = account.email_verified && provider.runs_mailbox_of(person);
        if linked.is_none() && !sure {
            return Ok(Err(Problem::new(&ACCOUNT_EXISTS)));
        }
        let seen = SeenPassword::of(account.id, credential.as_ref());
        let identity = match self.identity(account.id, provider, person, tokens).await {
            Ok(identity) => identity,
            Err(problem) => return Ok(Err(problem)),
        };
        if linked.is_some() {
            self.store.renew_identity(cx, &identity).await?;
        } else if let Err(err) = self
            .store
            .link_identity(cx, &account, &identity, &seen, None)
            .await
        {
            return settled(err);
        }
        Ok(Ok((account, admission, seen)))
    }

    async fn newcomer(
        &self,
        cx: &Context,
        provider: ProviderName,
        person: &Person,
        email: &Email,
        tokens: &Tokens,
    ) -> Result<Result<Admitted, Problem>, CommitError> {
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
        let seen = SeenPassword::of(account.id, None);
        Ok(Ok((account, Admission::Full, seen)))
    }

    /// Links a person at a provider to somebody who is signed in, on a session and
    /// with a password that must still be there.
    ///
    /// # Errors
    /// [`EMAIL_NOT_VERIFIED`], [`IDENTITY_TAKEN`],
    /// [`PROVIDER_LINKED`].
    pub async fn link_identified(
        &self,
        cx: &Context,
        (account, seen, session): (&Account, &SeenPassword, SessionId),
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
            None => {
                self.store
                    .link_identity(cx, account, &identity, seen, Some(session))
                    .await?;
            }
        }
        Ok(identity)
    }
}

/// Linking an address that is known may fail for good: the account has another
/// identity there. Racing commits settle when they are tried again.
fn settled<T>(err: CommitError) -> Result<Result<T, Problem>, CommitError> {
    match err {
        CommitError::Condition(problem) if *problem.kind() == PROVIDER_LINKED => Ok(Err(problem)),
        err => Err(err),
    }
}
