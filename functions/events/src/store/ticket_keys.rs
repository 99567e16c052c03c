//! The keys of the tickets: the private halves sealed, the public ones for all.
//!
//! Each step of a rotation is one commit, so there is always one key in use,
//! and nothing signs whose public half is not published.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::problem::{CONFLICT, Problem};
use shared::table::{Entity, Key, Query, StoreError};

use super::Store;

/// The partition of the ticket keys.
const KEYS: &str = "TICKETKEYS";

/// The public half of a ticket key. It stays when another follows, for tickets
/// outlive their keys, until it is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketKey {
    /// Its id.
    pub kid: String,
    /// The public key, base64url.
    pub x: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl TicketKey {
    fn key_of(kid: &str) -> Key {
        Key::new(KEYS, format!("PUBLIC#{kid}"))
    }
}

impl Entity for TicketKey {
    const KIND: &'static str = "ticket-key";

    fn key(&self) -> Key {
        Self::key_of(&self.kid)
    }
}

/// The private half of the key in use, or of the one that follows, sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSecret {
    /// Its id.
    pub kid: String,
    /// PKCS#8, sealed, base64url.
    pub sealed: String,
    /// From when on it signs: in the future for the one that follows.
    pub signs_from: Timestamp,
    /// Whether another signed before it.
    #[serde(default)]
    pub rotated: bool,
    /// Whether it is the one that follows.
    #[serde(default)]
    pub next: bool,
}

impl std::fmt::Debug for TicketSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TicketSecret")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn in_use() -> Key {
    Key::new(KEYS, "SECRET")
}

fn following() -> Key {
    Key::new(KEYS, "SECRET#NEXT")
}

impl Entity for TicketSecret {
    const KIND: &'static str = "ticket-secret";

    fn key(&self) -> Key {
        if self.next { following() } else { in_use() }
    }
}

impl Store {
    /// The sealed key in use and the one that follows, if there are such.
    pub async fn ticket_secrets(
        &self,
    ) -> Result<(Option<TicketSecret>, Option<TicketSecret>), StoreError> {
        self.table.pair(&in_use(), &following()).await
    }

    /// Every public key; few, for keys are made seldom.
    pub async fn ticket_keys(&self) -> Result<Vec<TicketKey>, StoreError> {
        let query = Query::partition(KEYS).begins_with("PUBLIC#").consistent();
        self.table.query_all(query).await
    }

    /// Stores the first key, or the one that follows.
    ///
    /// # Errors
    /// [`CommitError::Condition`] when another was first.
    pub async fn create_ticket_key(
        &self,
        cx: &Context,
        secret: &TicketSecret,
        public: &TicketKey,
    ) -> Result<(), CommitError> {
        let mut commit = self.commit(cx);
        commit.create(secret);
        commit.create(public);
        commit.execute().await
    }

    /// Puts the key that follows in the place of the one in use, whose private
    /// half is gone then.
    ///
    /// # Errors
    /// [`CommitError::Condition`] when another instance did.
    pub async fn promote_ticket_key(
        &self,
        cx: &Context,
        current: &TicketSecret,
        next: &TicketSecret,
    ) -> Result<TicketSecret, CommitError> {
        let promoted = TicketSecret {
            rotated: true,
            next: false,
            ..next.clone()
        };
        let mut commit = self.commit(cx);
        succeed(&mut commit, current, &promoted);
        give_up(&mut commit, next);
        commit.execute().await.map(|()| promoted)
    }

    /// Puts a new key in the place of the one in use, and withdraws every
    /// public key before it.
    ///
    /// # Errors
    /// [`CommitError::Condition`] when the key in use is another one by now.
    pub async fn replace_ticket_key(
        &self,
        cx: &Context,
        current: &TicketSecret,
        next: Option<&TicketSecret>,
        (secret, public): (&TicketSecret, &TicketKey),
    ) -> Result<(), CommitError> {
        let withdrawn = self.ticket_keys().await?;
        let mut commit = self.commit(cx);
        succeed(&mut commit, current, secret);
        if let Some(next) = next {
            give_up(&mut commit, next);
        }
        for key in &withdrawn {
            commit.delete(key.key());
        }
        commit.create(public);
        commit.execute().await
    }
}

fn succeed(commit: &mut Commit, current: &TicketSecret, secret: &TicketSecret) {
    commit
        .put(secret)
        .when("#kid = :before")
        .bind(":before", &current.kid)
        .or(rotated());
}

fn give_up(commit: &mut Commit, next: &TicketSecret) {
    commit
        .delete(following())
        .when("#kid = :kid")
        .bind(":kid", &next.kid)
        .or(rotated());
}

fn rotated() -> Problem {
    Problem::new(&CONFLICT).detail("The key was rotated in this moment.")
}
