//! Accounts: registration and sign-in.

use futures::future::try_join3;
use shared::{
    access::UserAccess,
    commit::{Commit, CommitError},
    cx::Context,
    event::auth::{UserContactChanged, UserLogin, UserRegistered},
    id::UserId,
    problem::Problem,
    table::{Key, StoreError},
};

use super::{
    Sealed, Spent, Store, consents,
    items::{self, Claim},
    links,
    sessions::Ending,
};
use crate::{
    model::{
        account::{Account, Credential},
        consent::Consent,
        email::Email,
        organization::next_sequence,
        session::Session,
    },
    problems::{EMAIL_TAKEN, INVALID_CREDENTIALS, USERNAME_TAKEN},
};

/// What a registration writes.
#[derive(Debug)]
pub struct Registration {
    /// The account.
    pub account: Account,
    /// Its address, as it is claimed.
    pub email: Email,
    /// Its password.
    pub credential: Credential,
    /// Its first session, if the registration signs in.
    pub session: Option<Session>,
    /// The link by which the address is verified.
    pub verification: Sealed,
    /// What its person agreed to.
    pub consents: Vec<Consent>,
}

/// What a sign-in is decided by.
#[derive(Debug)]
pub struct SignIn {
    /// The account.
    pub account: Account,
    /// What the password must match.
    pub credential: Credential,
    /// What is known of it everywhere.
    pub standing: Option<UserAccess>,
}

impl Store {
    /// An account.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        self.read(&items::account(id)).await
    }

    /// Accounts to show beside something else; at most 100, missing ones left out.
    pub async fn accounts(&self, ids: &[UserId]) -> Result<Vec<Account>, StoreError> {
        let keys: Vec<Key> = ids.iter().copied().map(items::account).collect();
        self.table.batch_get(&keys).await
    }

    /// The kept password of an account.
    pub async fn credential(&self, id: UserId) -> Result<Option<Credential>, StoreError> {
        self.read(&items::credential(id)).await
    }

    /// The account that an address belongs to. An address without one costs
    /// the same reads.
    pub async fn account_of(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        let claim = self.read::<Claim<UserId>>(&items::email(email)).await?;
        let id = claim.map_or_else(|| email.phantom(), |claim| claim.owner);
        self.account(id).await
    }

    /// Whether somebody is suspended, and what they may do on the platform.
    pub async fn standing(&self, id: UserId) -> Result<Option<UserAccess>, StoreError> {
        Box::pin(self.access.get_consistent(&UserAccess::key_of(id))).await
    }

    /// Everything that a sign-in with this address needs. An address without
    /// an account costs the same reads, of items that do not exist.
    pub async fn sign_in(&self, email: &Email) -> Result<Option<SignIn>, StoreError> {
        let claim = self.read::<Claim<UserId>>(&items::email(email)).await?;
        let id = claim.map_or_else(|| email.phantom(), |claim| claim.owner);
        let credential = items::credential(id);
        let (account, credential, standing) = try_join3(
            self.account(id),
            self.read::<Credential>(&credential),
            self.standing(id),
        )
        .await?;
        Ok(account.zip(credential).map(|(account, credential)| SignIn {
            account,
            credential,
            standing,
        }))
    }

    /// Whether a username is claimed: a cheap look before the costly hash.
    pub async fn username_taken(&self, name: &str) -> Result<bool, StoreError> {
        let claim: Option<Claim<UserId>> = self.read(&items::username(name)).await?;
        Ok(claim.is_some())
    }

    /// Creates an account with its password and, perhaps, a first session.
    ///
    /// # Errors
    /// [`USERNAME_TAKEN`], then [`EMAIL_TAKEN`].
    pub async fn register(&self, cx: &Context, new: &Registration) -> Result<(), CommitError> {
        let account = &new.account;
        let mut commit = Commit::new(&self.table, cx);
        if let Some(username) = &account.username {
            commit
                .create(&Claim::new(items::username(username), account.id))
                .or(Problem::new(&USERNAME_TAKEN));
        }
        commit
            .create(&Claim::new(items::email(&new.email), account.id))
            .or(Problem::new(&EMAIL_TAKEN));
        commit.create(account);
        commit.create(&new.credential);
        commit
            .within(&self.access)
            .create(&UserAccess::ordinary(account.id));
        commit.publish(
            &UserRegistered {
                user_id: account.id,
                name: account.name.clone(),
                username: account.username.clone(),
            },
            1,
        );
        commit.publish(
            &UserContactChanged {
                user_id: account.id,
                email: new.email.as_str().to_owned(),
                verified: account.email_verified,
            },
            1,
        );
        if let Some(session) = &new.session {
            begin_session(&mut commit, session);
        }
        for consent in &new.consents {
            consents::keep(&mut commit, consent);
        }
        links::send(&mut commit, &new.verification);
        commit.execute().await
    }

    /// Claims a username for nobody.
    ///
    /// # Errors
    /// [`USERNAME_TAKEN`].
    pub async fn waste_username(
        &self,
        cx: &Context,
        username: &str,
        asked_with: &Email,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        let nobody = asked_with.phantom();
        commit
            .create(&Claim::new(items::username(username), nobody))
            .or(Problem::new(&USERNAME_TAKEN));
        commit.execute().await
    }

    /// Begins a session, uses up what proved it, and notes the time of the
    /// sign-in (AU-23). Where that is one session too many, the oldest ends.
    ///
    /// # Errors
    /// [`VERSION_CONFLICT`](shared::problem::VERSION_CONFLICT) if the password
    /// that it rests on is another by now, or what it uses up was used.
    pub async fn login(
        &self,
        cx: &Context,
        session: &Session,
        spent: &Spent,
    ) -> Result<(), CommitError> {
        let surplus = self.surplus_sessions(session.user_id).await?;
        let mut commit = Commit::new(&self.table, cx);
        spent.write(&mut commit);
        for oldest in &surplus {
            self.end(&mut commit, oldest.user_id, oldest.id, Ending::Revoked);
        }
        commit
            .update(items::account(session.user_id))
            .set("lastLoginAt", session.created_at)
            .when("attribute_exists(#pk)")
            .or(Problem::new(&INVALID_CREDENTIALS));
        begin_session(&mut commit, session);
        commit.execute().await
    }
}

fn begin_session(commit: &mut Commit, session: &Session) {
    commit.create(session);
    commit.publish(
        &UserLogin {
            user_id: session.user_id,
            session_id: session.id,
            timestamp: session.created_at,
        },
        // Sign-ins have no version of their own: the time orders them.
        next_sequence(None, session.created_at),
    );
}
