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

use super::{Accepted, address, ended, page};
use crate::{
    model::{mailed::LinkUse, secret::Secret},
    state::App,
};

/// The token of a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailedToken {
    /// What the link in the mail ends with.
    pub(super) token: Secret,
}

/// Prove that the address is yours
///
/// with the link of the mail that came after registration. It works once,
/// within 24 hours.
#[utoipa::path(
    post, path = "/v1/auth/verify-email", tag = "auth", operation_id = "verifyEmail",
    request_body = MailedToken,
    security(()),
    responses(
        (status = 204, description = "Verified"),
        (status = 410, description = "`link-gone`"),
    )
)]
pub async fn verify_email(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<MailedToken>,
) -> Result<Reply, Problem> {
    let link = app.opened(&body.token, LinkUse::VerifyEmail).await?;
    app.store
        .verify_email(&cx, &link, Reply::no_content())
        .await
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
