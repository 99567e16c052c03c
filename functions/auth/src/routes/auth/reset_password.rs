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
/// with the link of a mail. It ends every session and API key, unlinks every
/// provider, and the address counts as verified from then on. Second factors
/// stay, if the address was verified before.
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
    app.evict(&cx, user).await?;
    again(|| async {
        let unproven = app.store.unproven(&account).await?;
        app.store
            .reset_password(&cx, &link, &credential, unproven.as_ref())
            .await
    })
    .await?;
    app.evict_rest(&cx, user).await;
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
