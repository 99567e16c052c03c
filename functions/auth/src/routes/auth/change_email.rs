//! `/v1/auth/change-email`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use super::{Accepted, address, page, proven, proves};
use crate::{
    model::{account::SeenPassword, email::Email, mailed::LinkUse, secret::Secret},
    problems::LINK_GONE,
    second_factor::again,
    state::App,
};

/// Another address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeEmail {
    #[schema(format = Email, max_length = 254, example = "ada@example.org")]
    new_email: String,
    /// May be left out on a session that was proved in the last ten minutes.
    current_password: Option<Secret>,
}

/// The token of a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailedToken {
    /// What the link in the mail ends with.
    token: Secret,
}

/// Change the e-mail address
///
/// A link goes to the new address, works once within an hour, and nothing
/// changes until it is used; then the old address is told. Whether the new
/// address has an account already is not told.
#[utoipa::path(
    post, path = "/v1/auth/change-email", tag = "auth", operation_id = "changeEmail",
    request_body = ChangeEmail,
    responses(
        (status = 202, description = "A mail goes to the new address", body = Accepted),
        (status = 403, description = "`step-up-required`"),
        (status = 409, description = "`no-password`"),
    )
)]
pub async fn change_email(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<ChangeEmail>,
) -> Result<Reply, Problem> {
    let email = address("/newEmail", &body.new_email)?;
    again(|| {
        asked(
            &app,
            &cx,
            &principal,
            &email,
            body.current_password.as_ref(),
        )
    })
    .await
}

async fn asked(
    app: &App,
    cx: &Context,
    principal: &Principal,
    email: &Email,
    password: Option<&Secret>,
) -> Result<Reply, Problem> {
    let (account, credential) = proven(app, principal, password).await?;
    let reply = Reply::accepted(&Accepted::now())?;
    let reply = proves(reply, "/v1/auth/change-email", principal, password);
    let taken = app.store.account_of(email).await?.is_some();
    if app.was_just_sent(account.id, LinkUse::ChangeEmail).await? {
        let link = app
            .link(email.phantom(), LinkUse::ChangeEmail, email)
            .await?;
        return app.store.send_nothing(cx, &link, reply).await;
    }
    let link = app.link(account.id, LinkUse::ChangeEmail, email).await?;
    let seen = SeenPassword::of(account.id, Some(&credential));
    let by = (principal.session_id, &seen);
    app.store
        .send_to_new_address(cx, &link, taken, by, reply)
        .await
}

/// Confirm the new address
#[utoipa::path(
    post, path = "/v1/auth/change-email/confirm", tag = "auth", operation_id = "confirmEmail",
    request_body = MailedToken,
    security(()),
    responses(
        (status = 204, description = "The account has the new address"),
        (status = 409, description = "`email-taken`"),
        (status = 410, description = "`link-gone`"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<MailedToken>,
) -> Result<Reply, Problem> {
    let link = app.opened(&body.token, LinkUse::ChangeEmail).await?;
    let gone = || Problem::new(&LINK_GONE);
    let subject = app.store.subject(link.user_id).await?.ok_or_else(gone)?;
    // Whoever asked for it before an account was to be deleted does not take it away.
    if subject.record.deletion.is_some() {
        return Err(gone());
    }
    let account = subject.account;
    let old = address("/email", &account.email.0)?;
    let new = address("/email", &link.email.0)?;
    app.store
        .change_email(&cx, &link, &account, (&old, &new), Reply::no_content())
        .await
}

/// A page to confirm it on, for who has no app
#[utoipa::path(
    get, path = "/v1/auth/change-email/confirm", tag = "auth", operation_id = "getConfirmEmailPage",
    security(()),
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub async fn show() -> Reply {
    page::CONFIRM_EMAIL.reply()
}
