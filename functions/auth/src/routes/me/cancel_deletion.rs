//! `/v1/users/me/deletion/cancel`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{model::secret::Secret, problems::LINK_GONE, routes::auth::page, state::App};

/// By what the account is kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelDeletion {
    /// What the link in the mail ends with, or the `cancelToken` that a sign-in
    /// was answered with.
    token: Secret,
}

/// Keep an account that was to be deleted
///
/// Nobody is signed in to it, so the token says whose it is: that of the mail
/// works until the account is erased, that of a sign-in for five minutes. Then
/// sign in again.
#[utoipa::path(
    post, path = "/v1/users/me/deletion/cancel", tag = "users", operation_id = "cancelDeletion",
    request_body = CancelDeletion,
    security(()),
    responses(
        (status = 204, description = "The account is as it was; its sessions are over"),
        (status = 400, description = "`invalid-request`"),
        (status = 410, description = "`link-gone`"),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<CancelDeletion>,
) -> Result<Reply, Problem> {
    let (user, undoing) = app.undoing(&body.token).await?;
    let subject = app.store.subject(user).await?;
    let subject = subject.ok_or_else(|| Problem::new(&LINK_GONE))?;
    app.store
        .cancel_deletion(&cx, &subject, &undoing, Reply::no_content())
        .await
}

/// A page to do it on, for who has no app
#[utoipa::path(
    get, path = "/v1/users/me/deletion/cancel", tag = "users",
    operation_id = "getCancelDeletionPage",
    security(()),
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub async fn show() -> Reply {
    page::CANCEL_DELETION.reply()
}
