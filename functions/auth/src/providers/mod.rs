//! Providers of OpenID Connect: the calls to them, and what they answered.
//!
//! Nothing is asked for at start-up. The discovery document and the keys are
//! remembered by each instance; the client's secret is opened on first use.

mod documents;
mod settings;

use std::{fmt, sync::Arc};

use serde::Deserialize;
use shared::{
    breaker::Breaker,
    clock::Clock,
    cx::Context,
    outward::{Answer, Call, Outward},
    problem::Problem,
    table::Table,
};
use tokio::sync::OnceCell;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use settings::{ProviderSettings, ProvidersSettings};

use crate::{
    keyring::unavailable,
    model::{
        flow::FlowSecrets,
        id_token::{self, Expected, IdTokenError},
        identity::Person,
        pkce,
        provider::ProviderName,
    },
    problems::{PROVIDER_NOT_CONFIGURED, PROVIDER_REFUSED},
    sealer::{Purpose, Sealer},
};
use documents::Documents;

const SCOPES: &str = "openid profile email";

/// The providers that are set up.
#[derive(Debug)]
pub struct Providers(Vec<Provider>);

/// One of them.
#[derive(Debug)]
pub struct Provider {
    settings: ProviderSettings,
    /// Where it sends people back to: a path of our own, one for each provider,
    /// so that the answer of one cannot pass for another's (RFC 9700 §4.4).
    callback: String,
    outward: Arc<Outward>,
    breaker: Breaker,
    clock: Clock,
    sealer: Arc<dyn Sealer>,
    secret: OnceCell<Zeroizing<String>>,
    documents: Documents,
}

/// What a provider lets us do for a person; kept sealed.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Tokens {
    /// For its interfaces.
    pub access_token: String,
    /// To have another.
    pub refresh_token: Option<String>,
    /// Seconds that the access token lives.
    pub expires_in: Option<i64>,
    /// Who it is.
    id_token: String,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// RFC 6749 §5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Providers {
    /// Those of the settings, reached from `public_url`; their breakers are kept
    /// in `table`.
    pub fn new(
        settings: &ProvidersSettings,
        public_url: &str,
        table: &Table,
        sealer: &Arc<dyn Sealer>,
    ) -> Self {
        let outward = Arc::new(Outward::default());
        let provider = |settings: &ProviderSettings| Provider {
            settings: settings.clone(),
            callback: format!("{public_url}/v1/auth/oauth/{}/callback", settings.name),
            outward: outward.clone(),
            breaker: Breaker::new(table, settings.name.name()),
            clock: table.clock().clone(),
            sealer: sealer.clone(),
            secret: OnceCell::new(),
            documents: Documents::default(),
        };
        Self(settings.providers.iter().map(provider).collect())
    }

    /// A provider.
    ///
    /// # Errors
    /// [`PROVIDER_NOT_CONFIGURED`]
    pub fn get(&self, name: ProviderName) -> Result<&Provider, Problem> {
        let mut all = self.0.iter();
        all.find(|provider| provider.name() == name)
            .ok_or_else(|| Problem::new(&PROVIDER_NOT_CONFIGURED))
    }
}

impl Provider {
    /// Which it is.
    pub fn name(&self) -> ProviderName {
        self.settings.name
    }

    /// Whether an answer that names its issuer (RFC 9207) comes from this one.
    pub fn is_issuer(&self, issuer: &str) -> bool {
        self.issuers().contains(&issuer)
    }

    fn issuers(&self) -> [&str; 2] {
        let dialect = self.name().dialect();
        let issuer = self.settings.issuer.as_str();
        // Another issuer has no other spelling.
        let alias = if issuer == dialect.issuer {
            dialect.alias
        } else {
            issuer
        };
        [issuer, alias]
    }

    /// Where to send somebody.
    ///
    /// # Errors
    /// 503 or 504 when the provider does not say where.
    pub async fn authorization_url(
        &self,
        cx: &Context,
        state: &str,
        secrets: &FlowSecrets,
    ) -> Result<String, Problem> {
        let document = self.document(cx).await?;
        let challenge = pkce::challenge_of(&secrets.verifier);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("client_id", self.settings.client_id.as_str()),
            ("redirect_uri", &self.callback),
            ("response_type", "code"),
            ("scope", SCOPES),
            ("state", state),
            ("nonce", &secrets.nonce),
        ]);
        if self.name().dialect().pkce {
            query.extend_pairs([
                ("code_challenge", challenge.as_str()),
                ("code_challenge_method", "S256"),
            ]);
        }
        let endpoint = &document.authorization_endpoint;
        let join = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{join}{}", query.finish()))
    }

    /// Exchanges the code that came back, and learns who it is.
    ///
    /// # Errors
    /// [`PROVIDER_REFUSED`] when the code is not accepted or the answer is not
    /// to be believed; 503 or 504 when there is none.
    pub async fn exchange(
        &self,
        cx: &Context,
        code: &str,
        secrets: &FlowSecrets,
    ) -> Result<(Person, Tokens), Problem> {
        let document = self.document(cx).await?;
        let secret = self.secret().await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.callback),
            ("client_id", &self.settings.client_id),
            ("client_secret", secret),
        ];
        if self.name().dialect().pkce {
            form.push(("code_verifier", &secrets.verifier));
        }
        let call = Call::form(&document.token_endpoint, &form);
        let answer = self.call(cx, &call).await?;
        if !answer.is_success() {
            return Err(refusal(&answer));
        }
        let tokens: Tokens = answer
            .json()
            .map_err(|err| Problem::new(&PROVIDER_REFUSED).caused_by(err))?;
        let person = self.identify(cx, &tokens, &secrets.nonce).await?;
        Ok((person, tokens))
    }

    /// Takes back what the provider lets us do, where it has a way to (RFC 7009).
    ///
    /// # Errors
    /// 503 or 504 when the provider does not answer.
    pub async fn revoke(&self, cx: &Context, token: &str) -> Result<(), Problem> {
        let document = self.document(cx).await?;
        let Some(endpoint) = &document.revocation_endpoint else {
            return Ok(());
        };
        let secret = self.secret().await?;
        let form = [
            ("token", token),
            ("client_id", &self.settings.client_id),
            ("client_secret", secret),
        ];
        self.call(cx, &Call::form(endpoint, &form)).await.map(drop)
    }

    async fn identify(
        &self,
        cx: &Context,
        tokens: &Tokens,
        nonce: &str,
    ) -> Result<Person, Problem> {
        let expected = Expected {
            issuers: &self.issuers(),
            client_id: &self.settings.client_id,
            nonce,
            nonce_optional: !self.name().dialect().nonce,
            access_token: &tokens.access_token,
        };
        let now = self.clock.now();
        let check = |keys: &[_]| id_token::verify(&tokens.id_token, keys, &expected, now);
        let found = match check(&self.keys(cx, false).await?) {
            Err(IdTokenError::UnknownKey) => check(&self.keys(cx, true).await?),
            found => found,
        };
        found.map_err(|err| {
            tracing::warn!(error = %err, oauth.provider = self.name().name(), "an ID token was refused");
            Problem::new(&PROVIDER_REFUSED).caused_by(err)
        })
    }

    async fn secret(&self) -> Result<&str, Problem> {
        let open = || async {
            let clear = self
                .sealer
                .open(Purpose::ClientSecret, &self.settings.sealed_secret)
                .await
                .map_err(unavailable)?;
            let text = String::from_utf8(clear.to_vec()).map_err(Problem::internal)?;
            Ok::<_, Problem>(Zeroizing::new(text))
        };
        Ok(self.secret.get_or_try_init(open).await?)
    }

    async fn call(&self, cx: &Context, call: &Call) -> Result<Answer, Problem> {
        Ok(self.outward.call(cx, &self.breaker, call).await?)
    }
}

/// What a refusal to exchange a code means: a code that is not good, or, with
/// any other error, a client that is not set up as it should be.
fn refusal(answer: &Answer) -> Problem {
    match answer.json::<Refusal>() {
        Ok(Refusal { error }) if error == "invalid_grant" => {
            Problem::new(&PROVIDER_REFUSED).caused_by("the provider refused the code")
        }
        Ok(Refusal { error }) => {
            let error: String = error.chars().take(64).collect();
            Problem::internal(format!("the provider refused this client: {error:?}"))
        }
        Err(_) => Problem::internal(format!(
            "the provider answered the exchange with {}",
            answer.status
        )),
    }
}
