//! `/v1/auth/verify-email`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use super::{Accepted, address, page, password_matches};
use crate::{
    model::{
        account::{Account, SeenPassword},
        mailed::LinkUse,
        secret::Secret,
    },
    problems::{LINK_GONE, ended},
    state::App,
    store::Registrant,
};

/// The token of a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifyEmail {
    /// What the link in the mail ends with.
    token: Secret,
    /// Of the account, where nobody is signed in to it.
    password: Option<Secret>,
}

/// Prove that the address is yours
///
/// with the link of the mail that came after registration. It works once,
/// within 24 hours.
///
/// Send it with an access token of the account, or with its password: that it
/// was you who registered. Without either, the address counts as proved by
/// somebody who did not: password and second factors are removed, sessions and
/// API keys end, as when they sign in by mail.
#[utoipa::path(
    post, path = "/v1/auth/verify-email", tag = "auth", operation_id = "verifyEmail",
    request_body = VerifyEmail,
    security((), ("bearer" = [])),
    responses(
        (status = 204, description = "Verified"),
        (status = 400, description = "`invalid-request`: the password is wrong, and the link still works"),
        (status = 401, description = "`unauthenticated`: an access token was sent that is none any more, and the link still works"),
        (status = 403, description = "`password-reset-required`"),
        (status = 410, description = "`link-gone`"),
    )
)]
pub async fn verify_email(
    State(app): State<App>,
    cx: Context,
    principal: Option<Principal>,
    Json(body): Json<VerifyEmail>,
) -> Result<Reply, Problem> {
    let link = app.opened(&body.token, LinkUse::VerifyEmail).await?;
    let user = link.user_id;
    let account = app.store.account(user).await?;
    let account = account.ok_or_else(|| Problem::new(&LINK_GONE))?;
    let session = principal
        .filter(|principal| principal.user_id == user && !principal.narrowed())
        .map(|principal| principal.session_id);
    let by = match (session, &body.password) {
        (Some(session), _) => Registrant::Session(session),
        (None, Some(password)) => Registrant::Password(knows(&app, &account, password).await?),
        (None, None) => {
            app.prove_by_mail(&cx, &link, &account).await?;
            return Ok(Reply::no_content());
        }
    };
    app.store
        .verify_email(&cx, &link, &by, Reply::no_content())
        .await
}

/// The password of an account, by who knows it.
async fn knows(app: &App, account: &Account, password: &Secret) -> Result<SeenPassword, Problem> {
    let wrong = || Problem::invalid("/password", "wrong", "is not the password of the account");
    let credential = app.store.credential(account.id).await?.ok_or_else(wrong)?;
    password_matches(password, &credential, "/password")?;
    Ok(SeenPassword::of(account.id, Some(&credential)))
}

/// Ask for the letter again
///
/// It is sent at most once a minute, and not when the address is verified.
#[utoipa::path(
    post, path = "/v1/auth/verify-email/resend", tag = "auth", operation_id = "resendVerification",
    responses((status = 202, description = "It is on its way, unless it is not needed", body = Accepted))
)]
pub async fn resend(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    let user = principal.user_id;
    let account = app.store.account(user).await?.ok_or_else(ended)?;
    let reply = Reply::accepted(&Accepted::now())?;
    if account.email_verified || app.was_just_sent(user, LinkUse::VerifyEmail).await? {
        return Ok(reply);
    }
    let email = address("/email", &account.email.0)?;
    let link = app.link(user, LinkUse::VerifyEmail, &email).await?;
    app.store.send(&cx, &link, reply).await
}

/// A page to confirm it on, for who has no app
#[utoipa::path(
    get, path = "/v1/auth/verify-email", tag = "auth", operation_id = "getVerifyEmailPage",
    security(()),
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub async fn show() -> Reply {
    page::VERIFY_EMAIL.reply()
}
