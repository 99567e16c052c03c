//! `/v1/auth/forgot-password`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};

use super::{Accepted, MailRequest, address, page};
use crate::{model::mailed::LinkUse, state::App};

/// Ask for a link to choose another password
///
/// It comes by e-mail, works once within 30 minutes, and is sent at most once a
/// minute. The answer and the time it takes are the same whether or not the
/// address has an account.
#[utoipa::path(
    post, path = "/v1/auth/forgot-password", tag = "auth", operation_id = "forgotPassword",
    request_body = MailRequest,
    security(()),
    responses((status = 202, description = "If there is such an account, a mail is on its way", body = Accepted))
)]
pub async fn forgot_password(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<MailRequest>,
) -> Result<Reply, Problem> {
    let email = address("/email", &body.email)?;
    let account = app.store.account_of(&email).await?;
    let user = account
        .as_ref()
        .map_or_else(|| email.phantom(), |account| account.id);
    let just_sent = app.was_just_sent(user, LinkUse::ResetPassword).await?;
    let reply = Reply::accepted(&Accepted::now())?;
    if let Some(account) = account.filter(|_| !just_sent) {
        let link = app.link(account.id, LinkUse::ResetPassword, &email).await?;
        return app.store.send(&cx, &link, reply).await;
    }
    let link = app
        .link(email.phantom(), LinkUse::ResetPassword, &email)
        .await?;
    app.store.send_nothing(&cx, &link, reply).await
}

/// A page to ask for the link on, for who has no app
#[utoipa::path(
    get, path = "/v1/auth/forgot-password", tag = "auth", operation_id = "getForgotPasswordPage",
    security(()),
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub async fn show() -> Reply {
    page::FORGOT_PASSWORD.reply()
}
