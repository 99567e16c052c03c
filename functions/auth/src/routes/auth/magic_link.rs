//! `POST /v1/auth/magic-link`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};

use super::{Accepted, MailRequest, address};
use crate::{model::mailed::LinkUse, state::App};

/// Ask for a mail to sign in by
///
/// It carries a link, and a code of eight digits for who reads it on another
/// device. Either works once, within 15 minutes. It is sent at most once a
/// minute. The answer and the time it takes are the same whether or not the
/// address has an account.
#[utoipa::path(
    post, path = "/v1/auth/magic-link", tag = "auth", operation_id = "requestMagicLink",
    request_body = MailRequest,
    security(()),
    responses((status = 202, description = "If there is such an account, a mail is on its way", body = Accepted))
)]
pub async fn magic_link(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<MailRequest>,
) -> Result<Reply, Problem> {
    let email = address("/email", &body.email)?;
    let account = app.store.account_of(&email).await?;
    let user = account
        .as_ref()
        .map_or_else(|| email.phantom(), |account| account.id);
    let just_sent = app.was_just_sent(user, LinkUse::SignIn).await?;
    let reply = Reply::accepted(&Accepted::now())?;
    if let Some(account) = account.filter(|_| !just_sent) {
        let link = app.sign_in_link(account.id, &email).await?;
        return app.store.send(&cx, &link, reply).await;
    }
    let link = app.sign_in_link(email.phantom(), &email).await?;
    app.store.send_nothing(&cx, &link, reply).await
}
