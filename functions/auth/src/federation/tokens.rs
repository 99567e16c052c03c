//! What a provider lets us do for a person: kept sealed, and given back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    digest::{base64url, from_base64url},
    id::UserId,
    problem::Problem,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    keyring::unavailable,
    model::{
        identity::{Identity, Person},
        provider::ProviderName,
    },
    providers::{Provider, Tokens},
    sealer::Purpose,
    state::App,
};

/// What KMS seals at once.
const MAX_SEALED: usize = 4096;

/// A provider's tokens, bound to the link that they were given for.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase")]
struct SealedTokens {
    #[zeroize(skip)]
    user_id: UserId,
    #[zeroize(skip)]
    provider: ProviderName,
    subject: String,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[zeroize(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

impl App {
    /// The identity that these tokens were given for.
    pub(super) async fn identity(
        &self,
        user_id: UserId,
        provider: ProviderName,
        person: &Person,
        tokens: &Tokens,
    ) -> Result<Identity, Problem> {
        let now = self.clock.now();
        let life = tokens
            .expires_in
            .filter(|life| (0..=31_536_000).contains(life));
        let clear = SealedTokens {
            user_id,
            provider,
            subject: person.subject.clone(),
            access_token: tokens.access_token.clone(),
            refresh_token: tokens.refresh_token.clone(),
            expires_at: life.map(|life| now + SignedDuration::from_secs(life)),
        };
        let clear = Zeroizing::new(serde_json::to_vec(&clear).map_err(Problem::internal)?);
        let sealed = if clear.len() > MAX_SEALED {
            tracing::warn!(
                oauth.provider = provider.name(),
                "tokens are too long to be kept"
            );
            None
        } else {
            let purpose = Purpose::ProviderTokens;
            let sealed = self.sealer.seal(purpose, &clear).await;
            Some(base64url(sealed.map_err(unavailable)?))
        };
        Ok(Identity::new(user_id, provider, person, sealed, now))
    }

    /// Has the provider forget what it let us do for an identity that is gone.
    /// What fails here the person can still do at the provider.
    pub async fn forget(&self, cx: &Context, provider: &Provider, identity: &Identity) {
        let Some(sealed) = identity.tokens.as_deref().and_then(from_base64url) else {
            return;
        };
        let opened = self.sealer.open(Purpose::ProviderTokens, &sealed).await;
        let tokens = opened
            .ok()
            .and_then(|clear| serde_json::from_slice::<SealedTokens>(&clear).ok())
            .filter(|tokens| {
                tokens.user_id == identity.user_id && tokens.subject == identity.subject
            });
        let Some(tokens) = tokens else {
            tracing::warn!("a provider's tokens could not be opened to be revoked");
            return;
        };
        let token = tokens
            .refresh_token
            .as_ref()
            .unwrap_or(&tokens.access_token);
        if let Err(problem) = provider.revoke(cx, token).await {
            tracing::warn!(error = %problem, "a provider's tokens could not be revoked");
        }
    }
}
