//! The keys of the tickets: the first is made on first use, kept sealed, held
//! open in memory by each instance, rotated by command (docs/adr/0024).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use shared::commit::CommitError;
use shared::cx::Context;
use shared::digest::{base64url, from_base64url};
use shared::problem::{Problem, UNAVAILABLE};
use shared::rotation::{Rotate, Rotation, RotationState};
use shared::sealer::{Purpose, SealError, Sealer};
use zeroize::Zeroizing;

use crate::model::{KeyId, Ticket, TicketError};
use crate::store::{Store, TicketKey, TicketSecret};

/// How soon at most an instance signs with a key that was put in use.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How soon at most an instance refuses what a withdrawn key signed.
const READ_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How long a public key is published before a ticket is signed with it: a
/// device at the door that fetched its pack within a day knows the key without
/// a network.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
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
    pair: Option<KnownPair>,
    public: HashMap<KeyId, Vec<u8>>,
    read_at: Option<Timestamp>,
}

#[derive(Clone)]
struct KnownPair {
    kid: String,
    pair: Arc<Ed25519KeyPair>,
    looked_at: Timestamp,
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
        let known = self.lock().pair.clone();
        if let Some(open) = &known
            && now.duration_since(open.looked_at) < LOOK_AGAIN
        {
            return Ok(open.pair.clone());
        }
        let secret = self.current(cx, now).await?;
        let pair = match known {
            Some(open) if open.kid == secret.kid => open.pair,
            _ => Arc::new(self.unsealed(&secret).await?),
        };
        self.lock().pair = Some(KnownPair {
            kid: secret.kid,
            pair: pair.clone(),
            looked_at: now,
        });
        Ok(pair)
    }

    /// The key in use; a step of a rotation that is due is made.
    async fn current(&self, cx: &Context, now: Timestamp) -> Result<TicketSecret, Problem> {
        match self.store.ticket_secrets().await? {
            (Some(current), Some(next)) if next.signs_from <= now => {
                let promoted = self.store.promote_ticket_key(cx, &current, &next).await;
                match promoted {
                    Ok(_) => tracing::info!(events.kid = next.kid, "the next ticket key signs"),
                    Err(CommitError::Condition(_)) => {
                        // Promoted by another, or replaced: what there is now tells.
                        let (current, _) = self.store.ticket_secrets().await?;
                        return current.ok_or_else(none);
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "the next ticket key could not take its place yet");
                    }
                }
                Ok(next)
            }
            (Some(current), _) => Ok(current),
            (None, _) => self.create(cx, now).await,
        }
    }

    /// Makes the first key. Of instances that race, one succeeds and the
    /// others take its key; none has signed anything before.
    async fn create(&self, cx: &Context, now: Timestamp) -> Result<TicketSecret, Problem> {
        let (secret, public) = self.sealed(now).await?;
        match self.store.create_ticket_key(cx, &secret, &public).await {
            Ok(()) => {
                tracing::info!(events.kid = secret.kid, "the first ticket key was made");
                Ok(secret)
            }
            Err(CommitError::Condition(lost)) => {
                let (winner, _) = self.store.ticket_secrets().await?;
                winner.ok_or_else(|| Problem::internal(lost))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A new key, its private half sealed.
    async fn sealed(&self, now: Timestamp) -> Result<(TicketSecret, TicketKey), Problem> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| Problem::internal("no random bytes"))?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        let pair = pair_of(&pkcs8)?;
        let sealed = self.sealer.seal(Purpose::TicketKey, &pkcs8).await;
        let kid = KeyId::of(pair.public_key().as_ref()).text();
        let secret = TicketSecret {
            kid: kid.clone(),
            sealed: base64url(sealed.map_err(unavailable)?),
            signs_from: now,
            rotated: false,
            next: false,
        };
        let public = TicketKey {
            kid,
            x: base64url(pair.public_key().as_ref()),
            created_at: now,
        };
        Ok((secret, public))
    }

    async fn unsealed(&self, secret: &TicketSecret) -> Result<Ed25519KeyPair, Problem> {
        let sealed = from_base64url(&secret.sealed)
            .ok_or_else(|| Problem::internal("the sealed ticket key is no base64url"))?;
        let pkcs8 = self.sealer.open(Purpose::TicketKey, &sealed).await;
        pair_of(&pkcs8.map_err(unavailable)?)
    }

    /// Publishes the key that follows; of racing commands, one does.
    async fn announce(&self, cx: &Context, now: Timestamp) -> Result<TicketSecret, Problem> {
        let (secret, public) = self.sealed(now).await?;
        let next = TicketSecret {
            signs_from: now + AHEAD,
            next: true,
            ..secret
        };
        match self.store.create_ticket_key(cx, &next, &public).await {
            Ok(()) => {
                tracing::info!(events.kid = next.kid, "the next ticket key is published");
                Ok(next)
            }
            Err(CommitError::Condition(lost)) => {
                let (_, winner) = self.store.ticket_secrets().await?;
                winner.ok_or_else(|| Problem::internal(lost))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a ticket; an unknown key is looked for, at most every 10 s, and
    /// withdrawn ones are forgotten within a minute.
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
        let serves = match first {
            Err(TicketError::UnknownKey) => UNKNOWN,
            _ => READ_AGAIN,
        };
        if read_at.is_some_and(|at| now.duration_since(at) < serves) {
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

impl Rotate for KeyRing {
    async fn rotate(&self, cx: &Context) -> Result<Rotation, Problem> {
        // There must be a key in use, and a step that is due is made now.
        self.lock().pair.take();
        self.pair(cx).await?;
        let now = self.store.now();
        let next = match self.store.ticket_secrets().await? {
            (Some(_), Some(next)) => next,
            (Some(current), None)
                if current.rotated && now.duration_since(current.signs_from) < AHEAD =>
            {
                // Rotated a moment ago: a repeated command is no second rotation.
                return Ok(signing(current));
            }
            _ => self.announce(cx, now).await?,
        };
        Ok(Rotation {
            kid: next.kid,
            state: RotationState::Published,
            signs_from: next.signs_from,
        })
    }

    /// Every instance reads the keys again within a minute; devices without a
    /// network when they fetch their pack again.
    async fn replace(&self, cx: &Context) -> Result<Rotation, Problem> {
        self.lock().pair.take();
        self.pair(cx).await?;
        let now = self.store.now();
        let (current, next) = self.store.ticket_secrets().await?;
        let current = current.ok_or_else(none)?;
        let (secret, public) = self.sealed(now).await?;
        let secret = TicketSecret {
            rotated: true,
            ..secret
        };
        self.store
            .replace_ticket_key(cx, &current, next.as_ref(), (&secret, &public))
            .await?;
        *self.lock() = Open::default();
        tracing::warn!(
            events.kid = secret.kid,
            "the ticket key was replaced and all before it withdrawn"
        );
        Ok(signing(secret))
    }
}

fn signing(secret: TicketSecret) -> Rotation {
    Rotation {
        kid: secret.kid,
        state: RotationState::Signing,
        signs_from: secret.signs_from,
    }
}

fn none() -> Problem {
    Problem::internal("there is no ticket key")
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
