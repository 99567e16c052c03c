//! The key that signs access tokens: made on first use, kept sealed, held open
//! in memory by each instance.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use shared::{
    clock::Clock,
    commit::CommitError,
    cx::Context,
    digest::{base64url, from_base64url},
    problem::{Problem, UNAVAILABLE},
    token::{Signer, new_key},
};
use zeroize::Zeroizing;

use crate::{
    model::refresh::CryptoError,
    sealer::{Purpose, SealError, Sealer},
    store::{SigningSecret, Store},
};

/// How soon at most an instance signs with a key that was rotated in.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);

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
        let secret = match self.store.signing_secret().await? {
            Some(secret) => secret,
            None => self.create(cx, now).await?,
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

    /// Makes the first key. Of instances that race, one succeeds and the
    /// others take its key; none has signed anything before.
    async fn create(&self, cx: &Context, now: Timestamp) -> Result<SigningSecret, Problem> {
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

/// The keeper of the keys does not answer: the caller may come again.
pub(crate) fn unavailable(error: SealError) -> Problem {
    Problem::new(&UNAVAILABLE)
        .header(http::header::RETRY_AFTER, "1")
        .caused_by(error)
}
