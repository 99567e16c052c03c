//! The signing key: private part here, public part in the table `access`.

use shared::{
    access::SigningKey,
    commit::{Commit, CommitError},
    cx::Context,
    problem::{CONFLICT, Problem},
    table::StoreError,
};

use super::{
    Store,
    items::{self, SigningSecret},
};

impl Store {
    /// The private key in use, sealed.
    pub async fn signing_secret(&self) -> Result<Option<SigningSecret>, StoreError> {
        self.read(&items::signing()).await
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
}
