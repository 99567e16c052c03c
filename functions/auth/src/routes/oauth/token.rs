//! `POST /v1/auth/token`

use std::collections::BTreeSet;

use axum::{body::Bytes, extract::State};
use http::{HeaderMap, header::PRAGMA};
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::Reply,
    id::{ServiceAccountId, SessionId},
    problem::Problem,
    scope,
    token::Claims,
};
use utoipa::ToSchema;

use super::{Form, client, error, invalid_client, presented};
use crate::{
    model::program::Program,
    problems::{INVALID_SCOPE, UNSUPPORTED_GRANT_TYPE},
    state::App,
};

/// The parameters (RFC 6749 §4.4.2).
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "it describes the form, which is read by hand")]
pub struct TokenRequest {
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// Less than everything that the account was given, separated by spaces.
    #[schema(example = "events:read")]
    scope: Option<String>,
    /// Unless it is sent by HTTP Basic.
    #[schema(example = "svc_01h2xcejqtf2nbrexx3vqjhp41")]
    client_id: Option<String>,
    /// Unless it is sent by HTTP Basic.
    client_secret: Option<String>,
}

/// A token (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 900)]
    expires_in: i64,
    #[schema(example = "events:read")]
    scope: String,
}

/// Get a token for a service account
///
/// by client credentials (RFC 6749 §4.4). There is no refresh token: ask again.
#[utoipa::path(
    post, path = "/v1/auth/token", tag = "auth", operation_id = "token",
    request_body(
        content = TokenRequest, content_type = "application/x-www-form-urlencoded"
    ),
    security(()),
    responses(
        (status = 200, description = "The token", body = TokenAnswer),
        (status = 400, description = "`invalid-request`, `unsupported-grant-type`, `invalid-scope`"),
        (status = 401, description = "`invalid-client`"),
        (status = 403, description = "`address-not-allowed`"),
    )
)]
pub async fn token(
    State(app): State<App>,
    cx: Context,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Reply, Problem> {
    let form = Form::read(&headers, &body)?;
    if form.required("grant_type")? != "client_credentials" {
        let description = "The grant is client_credentials.";
        let code = "unsupported_grant_type";
        return Err(error(&UNSUPPORTED_GRANT_TYPE, code, description));
    }
    let credentials = presented(&headers, Some(&form))?.ok_or_else(invalid_client)?;
    let (id, program) = client(&app, &cx, credentials).await?;
    let scope = granted(&program, form.get("scope"))?;
    let (access_token, expires_in) = issue(&app, &cx, id, &program, &scope).await?;
    let answer = TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in,
        scope,
    };
    // RFC 6749 §5.1.
    Ok(Reply::ok(&answer)?.header(PRAGMA, "no-cache"))
}

/// The scope of the token: what is asked for, or everything.
fn granted(program: &Program, asked: Option<&str>) -> Result<String, Problem> {
    let Some(asked) = asked else {
        return Ok(joined(program.scopes.iter().map(String::as_str)));
    };
    let asked: BTreeSet<&str> = asked.split_ascii_whitespace().collect();
    let fits = |wanted: &&str| scope::exists(wanted) && scope::include(&program.scopes, wanted);
    if asked.is_empty() || !asked.iter().all(fits) {
        let description = "The scope is more than the service account was given.";
        return Err(error(&INVALID_SCOPE, "invalid_scope", description));
    }
    Ok(joined(asked.into_iter()))
}

fn joined<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    scopes.collect::<Vec<_>>().join(" ")
}

/// A token whose subject is the client itself (RFC 9068 §2.2).
async fn issue(
    app: &App,
    cx: &Context,
    id: ServiceAccountId,
    program: &Program,
    scope: &str,
) -> Result<(String, i64), Problem> {
    let now = app.clock.now().as_second();
    let life = app.settings.lifetimes.access.as_secs();
    let claims = Claims {
        iss: app.settings.public_url.clone(),
        aud: app.settings.public_url.clone(),
        sub: id.into(),
        // Its own sign-in: revoking the token revokes that.
        sid: SessionId::new(),
        org: program.place().map(|(organization, _)| organization),
        scope: scope.to_owned(),
        jti: uuid::Uuid::now_v7().to_string(),
        client_id: id.to_string(),
        iat: now,
        exp: now + life,
    };
    let signer = app.keyring.signer(cx).await?;
    let token = signer.sign(&claims).map_err(Problem::internal)?;
    Ok((token, life))
}
