//! `/v1/auth/reset-password`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};
use utoipa::ToSchema;

use super::{login, page, replaced};
use crate::{
    model::{mailed::LinkUse, secret::Secret},
    problems::LINK_GONE,
    second_factor::again,
    state::App,
};

/// A new password, by the token of a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetPassword {
    /// What the link in the mail ends with.
    token: Secret,
    /// As at registration.
    #[schema(min_length = 15, max_length = 256)]
    new_password: Secret,
}

/// Choose another password
///
/// with the link of a mail. It ends every session, and the address counts as
/// verified from then on.
#[utoipa::path(
    post, path = "/v1/auth/reset-password", tag = "auth", operation_id = "resetPassword",
    request_body = ResetPassword,
    security(()),
    responses(
        (status = 204, description = "Sign in with the new password"),
        (status = 410, description = "`link-gone`"),
    )
)]
pub async fn reset_password(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<ResetPassword>,
) -> Result<Reply, Problem> {
    let link = app.opened(&body.token, LinkUse::ResetPassword).await?;
    let user = link.user_id;
    let gone = || Problem::new(&LINK_GONE);
    let account = app.store.account(user).await?.ok_or_else(gone)?;
    let before = app.store.credential(user).await?;
    let credential = replaced(&app, &account, before, &body.new_password)?;
    let life = app.settings.lifetimes.access;
    // The sessions first: if this stops half-way, the link still works. And
    // after it those that somebody with the old password began meanwhile.
    // Whoever took the account may have made keys for themselves.
    app.store.end_sessions(&cx, user, None, life).await?;
    app.store.end_keys_of(&cx, user).await?;
    again(|| async {
        let unproven = app.store.unproven(&account).await?;
        app.store
            .reset_password(&cx, &link, &credential, unproven.as_ref())
            .await
    })
    .await?;
    app.store.end_sessions(&cx, user, None, life).await?;
    app.store.end_keys_of(&cx, user).await?;
    // Whoever tried the old password no longer delays the owner.
    Ok(Reply::no_content().proves(login::PATH, link.email.0))
}

/// A page to choose it on, for who has no app
#[utoipa::path(
    get, path = "/v1/auth/reset-password", tag = "auth", operation_id = "getResetPasswordPage",
    security(()),
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub async fn show() -> Reply {
    page::RESET_PASSWORD.reply()
}
