//! The signing keys: private parts here, public parts in the table `access`.
//!
//! Each step of a rotation is one commit, so there is always one key in use,
//! and nothing signs whose public half is not published.

use jiff::Timestamp;
use shared::{
    access::SigningKey,
    commit::{Commit, CommitError},
    cx::Context,
    problem::{CONFLICT, Problem},
    table::StoreError,
};

use super::{
    Store,
    items::{self, NextSecret, SigningSecret},
};

impl Store {
    /// The private key in use, sealed.
    pub async fn signing_secret(&self) -> Result<Option<SigningSecret>, StoreError> {
        self.read(&items::signing()).await
    }

    /// The private key in use and the one that follows, sealed.
    pub async fn signing_secrets(
        &self,
    ) -> Result<(Option<SigningSecret>, Option<NextSecret>), StoreError> {
        let (current, next) = (items::signing(), items::next_signing());
        Box::pin(self.table.pair(&current, &next)).await
    }

    /// Keeps the first signing key.
    ///
    /// # Errors
    /// [`CONFLICT`] if another instance was faster.
    pub async fn create_signing_key(
        &self,
        cx: &Context,
        secret: &SigningSecret,
        public: &SigningKey,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.create(secret).or(Problem::new(&CONFLICT));
        commit.within(&self.access).create(public);
        commit.execute().await
    }

    /// Keeps the key that follows, and publishes its public half.
    ///
    /// # Errors
    /// [`CONFLICT`] if there is one already.
    pub async fn announce_signing_key(
        &self,
        cx: &Context,
        next: &NextSecret,
        public: &SigningKey,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.create(next).or(Problem::new(&CONFLICT));
        commit.within(&self.access).create(public);
        commit.execute().await
    }

    /// Puts the key that follows in the place of the one in use, whose public
    /// half stays until `retires_at`.
    ///
    /// # Errors
    /// [`CONFLICT`] or a version conflict if another instance was faster.
    pub async fn promote_signing_key(
        &self,
        cx: &Context,
        current: &SigningSecret,
        next: &NextSecret,
        retires_at: Timestamp,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.replace(&SigningSecret {
            kid: next.kid.clone(),
            version: current.version,
            sealed: next.sealed.clone(),
            created_at: next.created_at,
        });
        commit
            .delete(items::next_signing())
            .when("#kid = :kid")
            .bind(":kid", &next.kid)
            .or(Problem::new(&CONFLICT));
        commit
            .within(&self.access)
            .update(SigningKey::key_of(&current.kid))
            .set("retiresAt", retires_at)
            .until(retires_at)
            .when("attribute_exists(#pk)")
            .or(Problem::new(&CONFLICT));
        commit.execute().await
    }

    /// Puts a new key in the place of the one in use, and withdraws that one
    /// and the one that was to follow.
    ///
    /// # Errors
    /// A version conflict if the key in use is another one by now.
    pub async fn replace_signing_key(
        &self,
        cx: &Context,
        current: &SigningSecret,
        next: Option<&NextSecret>,
        (secret, public): (&SigningSecret, &SigningKey),
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.replace(&SigningSecret {
            version: current.version,
            ..secret.clone()
        });
        let mut gone = vec![&current.kid];
        if let Some(next) = next {
            gone.push(&next.kid);
            commit
                .delete(items::next_signing())
                .when("#kid = :kid")
                .bind(":kid", &next.kid)
                .or(Problem::new(&CONFLICT));
        }
        for kid in gone {
            commit.within(&self.access).delete(SigningKey::key_of(kid));
        }
        commit.within(&self.access).create(public);
        commit.execute().await
    }
}
