//! `POST /v1/auth/introspect`

use axum::{body::Bytes, extract::State};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    api_key::Kind,
    cx::Context,
    http::{Reply, insufficient},
    principal::{Means, Principal},
    problem::Problem,
    scope,
};
use utoipa::ToSchema;

use super::{Form, client, invalid_client, presented};
use crate::{
    grant::CLIENT,
    model::{program::ProgramId, refresh::RefreshToken, session::Verdict},
    state::App,
};

/// The parameters (RFC 7662 §2.1).
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "it describes the form, which is read by hand")]
pub struct Introspection {
    /// An access token, a refresh token or an API key.
    token: String,
    /// Not needed: the token says what it is.
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// What a token stands for (RFC 7662 §2.2). A token that is not active has no
/// other member.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct TokenState {
    active: bool,
    /// Absent for a token that is not limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Which client it was issued to; of an API key, its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// Absent for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// As whom its holder acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

/// Ask what a token stands for
///
/// (RFC 7662.) For service accounts by client credentials, and for keys and
/// tokens, if they have the scope `tokens:introspect`; everybody may ask about
/// the token that they send.
#[utoipa::path(
    post, path = "/v1/auth/introspect", tag = "auth", operation_id = "introspect",
    request_body(
        content = Introspection, content_type = "application/x-www-form-urlencoded"
    ),
    responses(
        (status = 200, description = "What it stands for", body = TokenState),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`invalid-client`, `unauthenticated`"),
        (status = 403, description = "`insufficient-scope`, `address-not-allowed`"),
    )
)]
pub async fn introspect(
    State(app): State<App>,
    cx: Context,
    principal: Option<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Reply, Problem> {
    let form = Form::read(&headers, &body);
    // Who asks comes first: a stranger learns nothing, not even of their mistakes.
    may_ask(&app, &cx, principal, &headers, form.as_ref().ok()).await?;
    let state = state_of(&app, form?.required("token")?).await;
    match state {
        Ok(state) => Reply::ok(&state),
        // What cannot be found out is not the same as no.
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            Reply::ok(&TokenState::default())
        }
        Err(problem) => Err(problem),
    }
}

/// # Errors
/// 401 for nobody, 403 for who may not.
async fn may_ask(
    app: &App,
    cx: &Context,
    principal: Option<Principal>,
    headers: &HeaderMap,
    form: Option<&Form>,
) -> Result<(), Problem> {
    let may = if let Some(principal) = principal {
        let token = form.and_then(|form| form.get("token"));
        let own = token.is_some() && token == bearer(headers);
        own || (principal.narrowed() && principal.has_scope(scope::INTROSPECT))
    } else {
        let credentials = presented(headers, form)?.ok_or_else(invalid_client)?;
        let (_, program) = client(app, cx, credentials).await?;
        scope::include(&program.scopes, scope::INTROSPECT)
    };
    if may {
        Ok(())
    } else {
        Err(insufficient(scope::INTROSPECT))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    Some(value.split_once(' ')?.1.trim())
}

async fn state_of(app: &App, token: &str) -> Result<TokenState, Problem> {
    if token.starts_with(Kind::Key.prefix()) {
        return key(app, token).await;
    }
    if let Some(refresh) = RefreshToken::parse(token) {
        return refresh_token(app, &refresh).await;
    }
    let (claims, principal) = app.access.examine(token).await?;
    if principal.by == Means::SignIn {
        // The session is gone at once; elsewhere it is remembered for seconds.
        let session = app.store.session(principal.user_id, claims.sid).await?;
        if session.is_none() {
            return Ok(TokenState::default());
        }
    }
    let scope: Vec<&str> = principal.scope.iter().map(String::as_str).collect();
    Ok(TokenState {
        active: true,
        scope: principal.narrowed().then(|| scope.join(" ")),
        client_id: Some(claims.client_id),
        token_type: Some("Bearer"),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        sub: Some(claims.sub.to_string()),
        aud: Some(claims.aud),
        iss: Some(claims.iss),
        jti: Some(claims.jti),
        sid: Some(claims.sid.to_string()),
    })
}

async fn key(app: &App, text: &str) -> Result<TokenState, Problem> {
    let principal = app.access.authenticate(text).await?;
    let Means::ApiKey { id, .. } = principal.by else {
        return Ok(TokenState::default());
    };
    let program = app.store.program(ProgramId::ApiKey(id)).await?;
    let hash = Kind::Key.hash(text);
    let secret = program.zip(hash).and_then(|(program, hash)| {
        let verifiers = program.verifiers();
        let verifier = verifiers
            .into_iter()
            .find(|verifier| verifier.hash == hash)?;
        let secret = program.secret(&hash, app.clock.now())?;
        Some((verifier.expires_at, secret.created_at))
    });
    let Some((expires_at, created_at)) = secret else {
        return Ok(TokenState::default());
    };
    let scope: Vec<&str> = principal.scope.iter().map(String::as_str).collect();
    Ok(TokenState {
        active: true,
        scope: Some(scope.join(" ")),
        client_id: Some(id.to_string()),
        token_type: Some("Bearer"),
        exp: expires_at.map(Timestamp::as_second),
        iat: Some(created_at.as_second()),
        sub: Some(principal.user_id.to_string()),
        iss: Some(app.settings.public_url.clone()),
        ..TokenState::default()
    })
}

async fn refresh_token(app: &App, token: &RefreshToken) -> Result<TokenState, Problem> {
    let user = token.user();
    let (session, standing) = futures::future::try_join(
        app.store.session(user, token.session()),
        app.store.standing(user),
    )
    .await?;
    let suspended = standing.is_some_and(|standing| standing.suspended);
    let lives = &app.settings.lifetimes;
    // Asking uses nothing up: a spent token is told, and its session left alone.
    let usable = session
        .filter(|_| !suspended)
        .filter(|session| session.judge(token, app.clock.now(), lives) == Verdict::Rotate);
    Ok(
        usable.map_or_else(TokenState::default, |session| TokenState {
            active: true,
            client_id: Some(CLIENT.to_owned()),
            exp: Some(session.expires_at.as_second()),
            iat: Some(session.last_seen_at.as_second()),
            sub: Some(user.to_string()),
            iss: Some(app.settings.public_url.clone()),
            sid: Some(session.id.to_string()),
            ..TokenState::default()
        }),
    )
}
