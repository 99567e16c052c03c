//! Issuing tokens: the one place where an access token comes into being.

use std::{fmt, net::IpAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::Reply,
    id::{OrganizationId, SessionId, UserId},
    problem::Problem,
    token::Claims,
};
use utoipa::ToSchema;

use crate::{
    leaving::Admission,
    model::{
        account::Account,
        challenge::{CHALLENGE_LIFE, ChallengeToken},
        device::{coarse_address, country, device_name},
        factors::{Factors, Way},
        refresh::RefreshToken,
        secret::Disclosed,
        session::{Method, Place, Session},
        webauthn::RequestOptions,
    },
    state::App,
    store::Spent,
};

/// The client that the tokens of a sign-in are for (RFC 9068 §2.2).
pub const CLIENT: &str = "plenary";

/// An access token and the refresh token that renews it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenPair {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Exchange it once at `POST /v1/auth/refresh`, before or after the access token expired.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPair(…)")
    }
}

/// A sign-in: the tokens and whose they are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    #[serde(flatten)]
    tokens: TokenPair,
    /// The account.
    user: User,
}

impl SignedIn {
    /// The answer to a sign-in.
    pub fn new(tokens: TokenPair, account: &Account) -> Self {
        Self {
            tokens,
            user: User::from(account),
        }
    }
}

/// The password was right, and a second factor is needed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactorNeeded {
    /// Always true.
    mfa_required: bool,
    /// Send it with the second factor to `POST /v1/auth/mfa/verify`.
    #[schema(value_type = String, example = "plc_3q2-7w…")]
    challenge_id: Disclosed,
    /// What can be presented.
    methods: Vec<Way>,
    /// Seconds until the challenge can no longer be answered.
    #[schema(example = 300)]
    expires_in: i64,
    /// With `passkey` among the methods: for
    /// `PublicKeyCredential.parseRequestOptionsFromJSON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<RequestOptions>,
}

impl SecondFactorNeeded {
    /// The answer to a sign-in that is not complete.
    pub fn new(
        token: &ChallengeToken,
        factors: &Factors,
        public_key: Option<RequestOptions>,
    ) -> Self {
        Self {
            mfa_required: true,
            challenge_id: Disclosed(token.reveal()),
            methods: factors.ways(),
            expires_in: CHALLENGE_LIFE.as_secs(),
            public_key,
        }
    }
}

/// The answer to a sign-in: tokens, or the question for a second factor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SignInAnswer {
    /// Signed in.
    Done(SignedIn),
    /// `mfaRequired`.
    SecondFactor(SecondFactorNeeded),
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    id: UserId,
    #[schema(example = "ada@example.org")]
    email: String,
    /// Whether the address was confirmed.
    email_verified: bool,
    name: Option<String>,
    username: Option<String>,
    company: Option<String>,
    /// The organisation that access tokens name as `org`.
    default_organization_id: Option<OrganizationId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
}

impl From<&Account> for User {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            email: account.email.0.clone(),
            email_verified: account.email_verified,
            name: account.name.clone(),
            username: account.username.clone(),
            company: account.company.clone(),
            default_organization_id: account.default_organization_id,
            created_at: account.created_at,
            last_login_at: account.last_login_at,
        }
    }
}

impl App {
    /// Signs in whoever proved by `methods` to be the owner of an account:
    /// every way to sign in ends here. An account with a second factor is
    /// asked for it, unless it is among the methods.
    ///
    /// # Errors
    /// [`ACCOUNT_DELETING`](crate::problems::ACCOUNT_DELETING); `version-conflict` if the password changed since it
    /// was seen: then nothing happened.
    pub async fn sign_in(
        &self,
        cx: &Context,
        account: Account,
        admission: Admission,
        methods: &[Method],
        spent: Spent,
    ) -> Result<Reply, Problem> {
        if !methods.iter().any(|method| method.is_second_factor()) {
            let factors = self.store.factors(account.id).await?;
            if factors.is_active() {
                return self.ask_second_factor(cx, &factors, methods, &spent).await;
            }
        }
        self.complete(cx, account, admission, methods, &spent).await
    }

    /// Begins the session of a sign-in that was proved, and uses up what
    /// proved it.
    pub(crate) async fn complete(
        &self,
        cx: &Context,
        account: Account,
        admission: Admission,
        methods: &[Method],
        spent: &Spent,
    ) -> Result<Reply, Problem> {
        if admission == Admission::Return {
            return Err(self.offer_return(cx, account.id, spent).await?);
        }
        let (session, tokens) = self.begin_session(cx, &account, methods).await?;
        self.store.login(cx, &session, spent).await?;
        let account = Account {
            last_login_at: Some(session.created_at),
            ..account
        };
        Reply::ok(&SignedIn::new(tokens, &account))
    }

    /// A new session of an account and its first tokens; not kept yet.
    pub async fn begin_session(
        &self,
        cx: &Context,
        account: &Account,
        methods: &[Method],
    ) -> Result<(Session, TokenPair), Problem> {
        let now = self.clock.now();
        let refresh =
            RefreshToken::first(account.id, SessionId::new()).map_err(Problem::internal)?;
        let session = Session::begin(&refresh, methods, place(cx), now, &self.settings.lifetimes);
        let tokens = self.pair(cx, account, &refresh, now).await?;
        Ok((session, tokens))
    }

    /// The tokens that go with a refresh token.
    pub async fn pair(
        &self,
        cx: &Context,
        account: &Account,
        refresh: &RefreshToken,
        now: Timestamp,
    ) -> Result<TokenPair, Problem> {
        let life = self.settings.lifetimes.access.as_secs();
        let claims = Claims {
            iss: self.settings.public_url.clone(),
            aud: self.settings.public_url.clone(),
            sub: account.id.into(),
            sid: refresh.session(),
            org: account.default_organization_id,
            // A person's own sign-in is not narrowed; roles are read, not carried.
            scope: String::new(),
            jti: uuid::Uuid::now_v7().to_string(),
            client_id: CLIENT.to_owned(),
            iat: now.as_second(),
            exp: now.as_second() + life,
        };
        let signer = self.keyring.signer(cx).await?;
        Ok(TokenPair {
            access_token: signer.sign(&claims).map_err(Problem::internal)?,
            refresh_token: refresh.reveal().to_string(),
            expires_in: life,
            token_type: "Bearer".to_owned(),
        })
    }
}

/// What a session may remember of where a request came from.
pub fn place(cx: &Context) -> Place {
    let address: Option<IpAddr> = cx.client_ip.as_deref().and_then(|text| text.parse().ok());
    Place {
        device: device_name(cx.user_agent.as_deref().unwrap_or_default()),
        address: address.map(coarse_address),
        country: address.and_then(country).map(str::to_owned),
    }
}
