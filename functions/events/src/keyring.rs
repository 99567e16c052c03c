//! The keys of the tickets: the first is made on first use, kept sealed, and
//! held open in memory by each instance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use shared::commit::CommitError;
use shared::cx::Context;
use shared::digest::{base64url, from_base64url};
use shared::problem::{Problem, UNAVAILABLE};
use shared::sealer::{Purpose, SealError, Sealer};
use zeroize::Zeroizing;

use crate::model::{KeyId, Ticket, TicketError};
use crate::store::{Store, TicketKey, TicketSecret};

/// How soon at most an instance signs with a key that was put in use.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// How often at most an unknown key is looked for.
const UNKNOWN: SignedDuration = SignedDuration::from_secs(10);

/// Signs and verifies tickets.
#[derive(Clone)]
pub struct KeyRing {
    store: Store,
    sealer: Arc<dyn Sealer>,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    pair: Option<(Arc<Ed25519KeyPair>, Timestamp)>,
    public: HashMap<KeyId, Vec<u8>>,
    read_at: Option<Timestamp>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing")
    }
}

impl KeyRing {
    /// Keys of `store`, sealed by `sealer`.
    pub fn new(store: Store, sealer: Arc<dyn Sealer>) -> Self {
        Self {
            store,
            sealer,
            open: Arc::default(),
        }
    }

    /// Signs a ticket.
    ///
    /// # Errors
    /// 503 if the key can be neither read nor opened.
    pub async fn sign(&self, cx: &Context, tickets: &[Ticket]) -> Result<Vec<String>, Problem> {
        let pair = self.pair(cx).await?;
        Ok(tickets.iter().map(|ticket| ticket.signed(&pair)).collect())
    }

    async fn pair(&self, cx: &Context) -> Result<Arc<Ed25519KeyPair>, Problem> {
        let now = self.store.now();
        if let Some((pair, looked_at)) = &self.lock().pair
            && now.duration_since(*looked_at) < LOOK_AGAIN
        {
            return Ok(pair.clone());
        }
        let secret = match self.store.ticket_secret().await? {
            Some(secret) => secret,
            None => self.create(cx, now).await?,
        };
        let sealed = from_base64url(&secret.sealed)
            .ok_or_else(|| Problem::internal("the sealed ticket key is no base64url"))?;
        let pkcs8 = self.sealer.open(Purpose::TicketKey, &sealed).await;
        let pair = Arc::new(pair_of(&pkcs8.map_err(unavailable)?)?);
        self.lock().pair = Some((pair.clone(), now));
        Ok(pair)
    }

    /// Makes the first key. Of instances that race, one succeeds and the
    /// others take its key; none has signed anything before.
    async fn create(&self, cx: &Context, now: Timestamp) -> Result<TicketSecret, Problem> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| Problem::internal("no random bytes"))?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        let pair = pair_of(&pkcs8)?;
        let sealed = self.sealer.seal(Purpose::TicketKey, &pkcs8).await;
        let kid = KeyId::of(pair.public_key().as_ref()).text();
        let secret = TicketSecret {
            kid: kid.clone(),
            sealed: base64url(sealed.map_err(unavailable)?),
        };
        let public = TicketKey {
            kid,
            x: base64url(pair.public_key().as_ref()),
            created_at: now,
        };
        match self.store.create_ticket_key(cx, &secret, &public).await {
            Ok(()) => {
                tracing::info!(events.kid = secret.kid, "the first ticket key was made");
                Ok(secret)
            }
            Err(CommitError::Condition(lost)) => {
                let winner = self.store.ticket_secret().await?;
                winner.ok_or_else(|| Problem::internal(lost))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a ticket; an unknown key is looked for, at most every 10 s.
    ///
    /// # Errors
    /// 503 if the keys cannot be read.
    pub async fn verify(&self, text: &str) -> Result<Result<Ticket, TicketError>, Problem> {
        let known =
            |keys: &HashMap<KeyId, Vec<u8>>| Ticket::verified(text, |id| keys.get(&id).cloned());
        let (first, read_at) = {
            let open = self.lock();
            (known(&open.public), open.read_at)
        };
        let now = self.store.now();
        let lately = read_at.is_some_and(|at| now.duration_since(at) < UNKNOWN);
        if first != Err(TicketError::UnknownKey) || lately {
            return Ok(first);
        }
        let keys = self.store.ticket_keys().await?;
        let keys: HashMap<KeyId, Vec<u8>> = keys
            .iter()
            .filter_map(|key| from_base64url(&key.x))
            .map(|x| (KeyId::of(&x), x))
            .collect();
        let again = known(&keys);
        let mut open = self.lock();
        open.public = keys;
        open.read_at = Some(now);
        Ok(again)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pair_of(pkcs8: &[u8]) -> Result<Ed25519KeyPair, Problem> {
    Ed25519KeyPair::from_pkcs8(pkcs8)
        .map_err(|err| Problem::internal(format!("the ticket key is none: {err}")))
}

/// The keeper of the keys does not answer: the caller may come again.
pub(crate) fn unavailable(error: SealError) -> Problem {
    Problem::new(&UNAVAILABLE)
        .header(http::header::RETRY_AFTER, "1")
        .caused_by(error)
}
