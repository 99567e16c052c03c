//! `/v1/auth`: accounts and sessions.

pub mod change_email;
pub mod change_password;
pub mod forgot_password;
pub mod login;
pub mod logout;
pub mod magic_link;
mod newcomer;
pub(super) mod page;
pub mod refresh;
pub mod register;
pub mod reset_password;
pub mod revoke_others;
pub mod revoke_session;
pub mod session;
pub mod sessions;
pub mod step_up;
pub mod verify_email;
pub mod verify_magic_link;

use http::header::WWW_AUTHENTICATE;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{http::Reply, id::SessionId, principal::Principal, problem::Problem};
use utoipa::ToSchema;

use crate::{
    model::{
        account::{Account, Credential},
        email::Email,
        password::Password,
        secret::Secret,
        session::Session,
    },
    problems::{INVALID_REFRESH_TOKEN, NO_PASSWORD, PASSWORD_RESET_REQUIRED, ended},
    state::App,
};

/// The answer where nothing may be told of who has an account, or where a
/// letter does the rest.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// Always `accepted`.
    #[schema(example = "accepted")]
    status: &'static str,
}

impl Accepted {
    fn now() -> Self {
        Self { status: "accepted" }
    }
}

/// Whom to send a letter, if there is such an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailRequest {
    #[schema(format = Email, max_length = 254, example = "ada@example.org")]
    email: String,
}

/// An address in a body.
fn address(pointer: &str, text: &str) -> Result<Email, Problem> {
    Email::parse(text).map_err(|error| Problem::invalid(pointer, "malformed", error.to_string()))
}

/// The caller's account and credential, if they proved just now to be its
/// owner: by the password in the request or a fresh session, and by a second
/// factor if there is one. A password that is sent must be right.
async fn proven(
    app: &App,
    principal: &Principal,
    password: Option<&Secret>,
) -> Result<(Account, Credential), Problem> {
    let (account, credential) = owner(app, principal).await?;
    if let Some(password) = password {
        password_matches(password, &credential, "/currentPassword")?;
    }
    app.require_fresh_or_password(principal, password.is_some())
        .await?;
    Ok((account, credential))
}

/// Attempts at the caller's password begin anew, if it was in the request.
fn proves(
    reply: Reply,
    what: &'static str,
    principal: &Principal,
    password: Option<&Secret>,
) -> Reply {
    match password {
        Some(_) => reply.proves(what, principal.user_id.to_string()),
        None => reply,
    }
}

/// The caller's account and credential.
async fn owner(app: &App, principal: &Principal) -> Result<(Account, Credential), Problem> {
    let (account, credential) = futures::future::try_join(
        app.store.account(principal.user_id),
        app.store.credential(principal.user_id),
    )
    .await?;
    let account = account.ok_or_else(ended)?;
    let credential = credential.ok_or_else(|| Problem::new(&NO_PASSWORD))?;
    Ok((account, credential))
}

/// 400 unless the password is the account's. A hash that came with an import
/// and cannot be read has no password: the owner asks for a letter.
fn password_matches(
    password: &Secret,
    credential: &Credential,
    pointer: &str,
) -> Result<(), Problem> {
    let right = Password::presented(password)
        .matches(&credential.hash)
        .unwrap_or(false);
    if right {
        trusted(credential)?;
        Ok(())
    } else {
        Err(Problem::invalid(pointer, "wrong", "is not your password"))
    }
}

/// A right password proves nothing once an administrator wants another.
///
/// # Errors
/// [`PASSWORD_RESET_REQUIRED`].
fn trusted(credential: &Credential) -> Result<(), Problem> {
    if credential.reset_required {
        return Err(Problem::new(&PASSWORD_RESET_REQUIRED)
            .detail("Choose another password with the link of POST /v1/auth/forgot-password."));
    }
    Ok(())
}

/// The credential with a newly chosen password; there may have been none.
fn replaced(
    app: &App,
    account: &Account,
    before: Option<Credential>,
    chosen: &Secret,
) -> Result<Credential, Problem> {
    let known = [
        Some(app.settings.public_url.as_str()),
        Some(account.email.0.as_str()),
        account.name.as_deref(),
        account.username.as_deref(),
        account.company.as_deref(),
    ];
    let known: Vec<&str> = known.into_iter().flatten().collect();
    let password = Password::chosen(chosen, &known)
        .map_err(|error| Problem::invalid("/newPassword", error.code(), error.to_string()))?;
    if let Some(before) = &before
        && password.matches(&before.hash).unwrap_or(false)
    {
        let detail = "is the password that you have";
        return Err(Problem::invalid("/newPassword", "unchanged", detail));
    }
    Ok(Credential {
        user_id: account.id,
        version: before.map_or(0, |before| before.version),
        hash: password.hash().map_err(Problem::internal)?,
        changed_at: app.clock.now(),
        reset_required: false,
    })
}

/// A session as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    id: SessionId,
    /// Whether it is the session of this access token.
    current: bool,
    #[schema(example = "Firefox on Linux")]
    device: String,
    /// The network that it was last used from, coarsely.
    #[schema(example = "203.0.113.0/24")]
    address: Option<String>,
    /// The country of that network, if it is known (ISO 3166-1 alpha-2).
    #[schema(example = "NL")]
    country: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When a token was last issued for it.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When it ends unless it is used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl SessionView {
    fn of(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            current: session.id == current,
            device: session.device.clone(),
            address: session.address.clone(),
            country: session.country.clone(),
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
        }
    }
}

/// The refresh token cannot be exchanged; why is not told.
fn invalid_refresh_token() -> Problem {
    Problem::new(&INVALID_REFRESH_TOKEN)
        .detail("The refresh token is malformed, expired or revoked: sign in again.")
        .header(
            WWW_AUTHENTICATE,
            "Bearer realm=\"plenary\", error=\"invalid_token\"",
        )
}
