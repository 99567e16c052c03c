//! The key that signs access tokens: made on first use, kept sealed, held open
//! in memory by each instance, rotated by command (docs/adr/0015).
//!
//! A rotation has three steps. The command makes the key that follows and
//! publishes its public half. When everybody must have seen that, the first
//! instance that looks puts it in the place of the old one. The old public half
//! stays until the last token that it verifies has expired, and then goes by
//! itself. Every step is one commit, and none needs the command again.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use shared::{
    access::SigningKey,
    clock::Clock,
    commit::CommitError,
    cx::Context,
    digest::{base64url, from_base64url},
    problem::{Problem, UNAVAILABLE},
    rotation::{Rotate, Rotation, RotationState},
    token::{Signer, new_key},
};
use zeroize::Zeroizing;

use crate::{
    model::{
        refresh::CryptoError,
        session::{MARGIN, MAX_ACCESS_MINUTES},
    },
    sealer::{Purpose, SealError, Sealer},
    store::{NextSecret, SigningSecret, Store},
};

/// How soon at most an instance signs with a key that was rotated in.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How long a public key is published before anything is signed with it: twice
/// as long as relying parties may keep the key set, and our own functions read
/// it again within a minute.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// How long a public key stays after another took its place: the longest life
/// that an operator can give a token, until the last instance has looked again,
/// and for clocks that differ.
const STAYS: SignedDuration =
    SignedDuration::from_mins(MAX_ACCESS_MINUTES + LOOK_AGAIN.as_mins() + MARGIN.as_mins());

/// Opens the signing key when it is first needed, never at start-up.
#[derive(Debug)]
pub struct KeyRing {
    store: Store,
    sealer: Arc<dyn Sealer>,
    clock: Clock,
    open: Mutex<Option<Open>>,
}

#[derive(Debug, Clone)]
struct Open {
    kid: String,
    signer: Arc<Signer>,
    looked_at: Timestamp,
}

impl KeyRing {
    /// Keys of `store`, sealed by `sealer`.
    pub fn new(store: Store, sealer: Arc<dyn Sealer>, clock: Clock) -> Self {
        Self {
            store,
            sealer,
            clock,
            open: Mutex::new(None),
        }
    }

    /// The signer of the key in use.
    ///
    /// # Errors
    /// 503 if the key can be neither read nor opened.
    pub async fn signer(&self, cx: &Context) -> Result<Arc<Signer>, Problem> {
        let now = self.clock.now();
        let known = self.lock().clone();
        if let Some(open) = &known
            && now.duration_since(open.looked_at) < LOOK_AGAIN
        {
            return Ok(open.signer.clone());
        }
        let secret = match self.store.signing_secrets().await? {
            (Some(current), Some(next)) if next.signs_from <= now => {
                self.promote(cx, &current, &next, now).await?
            }
            (Some(current), _) => current,
            (None, _) => self.create(cx, now).await?,
        };
        let signer = match known {
            Some(open) if open.kid == secret.kid => open.signer,
            _ => Arc::new(self.unseal(&secret).await?),
        };
        *self.lock() = Some(Open {
            kid: secret.kid,
            signer: signer.clone(),
            looked_at: now,
        });
        Ok(signer)
    }

    async fn announce(&self, cx: &Context, now: Timestamp) -> Result<NextSecret, Problem> {
        let (secret, public) = self.sealed(now).await?;
        let next = NextSecret {
            kid: secret.kid,
            sealed: secret.sealed,
            created_at: now,
            signs_from: now + AHEAD,
        };
        match self.store.announce_signing_key(cx, &next, &public).await {
            Ok(()) => {
                tracing::info!(auth.kid = next.kid, "the next signing key is published");
                Ok(next)
            }
            Err(CommitError::Condition(lost)) => {
                let (_, winner) = self.store.signing_secrets().await?;
                winner.ok_or_else(|| Problem::internal(lost))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the key that follows in its place. It signs also when that fails:
    /// its time has come, and it is published. But where the place is taken, what
    /// is there signs: another instance was faster, or an operator withdrew both.
    async fn promote(
        &self,
        cx: &Context,
        current: &SigningSecret,
        next: &NextSecret,
        now: Timestamp,
    ) -> Result<SigningSecret, Problem> {
        let retires_at = now + STAYS;
        let promoted = self
            .store
            .promote_signing_key(cx, current, next, retires_at)
            .await;
        match promoted {
            Ok(()) => tracing::info!(auth.kid = next.kid, "the next signing key signs"),
            Err(CommitError::Condition(lost)) => {
                let winner = self.store.signing_secret().await?;
                return winner.ok_or_else(|| Problem::internal(lost));
            }
            Err(error) => {
                tracing::warn!(error = %error, "the next signing key could not take its place yet");
            }
        }
        Ok(SigningSecret {
            kid: next.kid.clone(),
            version: current.version + 1,
            sealed: next.sealed.clone(),
            created_at: next.created_at,
        })
    }

    /// Makes the first key. Of instances that race, one succeeds and the
    /// others take its key; none has signed anything before.
    async fn create(&self, cx: &Context, now: Timestamp) -> Result<SigningSecret, Problem> {
        let (secret, public) = self.sealed(now).await?;
        match self.store.create_signing_key(cx, &secret, &public).await {
            Ok(()) => {
                tracing::info!(auth.kid = secret.kid, "the first signing key was made");
                Ok(secret)
            }
            Err(CommitError::Condition(lost)) => {
                let winner = self.store.signing_secret().await?;
                winner.ok_or_else(|| Problem::internal(lost))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A new key, its private half sealed.
    async fn sealed(&self, now: Timestamp) -> Result<(SigningSecret, SigningKey), Problem> {
        let (pkcs8, public) =
            new_key(now).map_err(|error| Problem::internal(CryptoError::from(error)))?;
        let pkcs8 = Zeroizing::new(pkcs8);
        let sealed = self
            .sealer
            .seal(Purpose::SigningKey, &pkcs8)
            .await
            .map_err(unavailable)?;
        let secret = SigningSecret {
            kid: public.kid.clone(),
            version: 1,
            sealed: base64url(sealed),
            created_at: now,
        };
        Ok((secret, public))
    }

    async fn unseal(&self, secret: &SigningSecret) -> Result<Signer, Problem> {
        let sealed = from_base64url(&secret.sealed)
            .ok_or_else(|| Problem::internal("the sealed signing key is no base64url"))?;
        let pkcs8 = self
            .sealer
            .open(Purpose::SigningKey, &sealed)
            .await
            .map_err(unavailable)?;
        Ok(Signer::new(&secret.kid, &pkcs8))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rotate for KeyRing {
    async fn rotate(&self, cx: &Context) -> Result<Rotation, Problem> {
        // There must be a key in use, and a step that is due is made now.
        self.lock().take();
        self.signer(cx).await?;
        let now = self.clock.now();
        let next = match self.store.signing_secrets().await? {
            (Some(_), Some(next)) => next,
            (Some(current), None)
                if now.duration_since(current.created_at) < AHEAD + AHEAD
                    && current.version > 1 =>
            {
                // Rotated a moment ago: a repeated command is no second rotation.
                return Ok(Rotation {
                    signs_from: current.created_at,
                    kid: current.kid,
                    state: RotationState::Signing,
                });
            }
            _ => self.announce(cx, now).await?,
        };
        Ok(Rotation {
            kid: next.kid,
            state: RotationState::Published,
            signs_from: next.signs_from,
        })
    }

    /// Every function reads the keys again within a minute.
    async fn replace(&self, cx: &Context) -> Result<Rotation, Problem> {
        self.lock().take();
        self.signer(cx).await?;
        let now = self.clock.now();
        let (current, next) = self.store.signing_secrets().await?;
        let current = current.ok_or_else(|| Problem::internal("there is no signing key"))?;
        let (secret, public) = self.sealed(now).await?;
        self.store
            .replace_signing_key(cx, &current, next.as_ref(), (&secret, &public))
            .await?;
        self.lock().take();
        tracing::warn!(
            auth.kid = secret.kid,
            auth.withdrawn = current.kid,
            "the signing key was replaced and the old one withdrawn"
        );
        Ok(Rotation {
            kid: secret.kid,
            state: RotationState::Signing,
            signs_from: now,
        })
    }
}

/// The keeper of the keys does not answer: the caller may come again.
pub(crate) fn unavailable(error: SealError) -> Problem {
    Problem::new(&UNAVAILABLE)
        .header(http::header::RETRY_AFTER, "1")
        .caused_by(error)
}
