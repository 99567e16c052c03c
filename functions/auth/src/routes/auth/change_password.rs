//! `POST /v1/auth/change-password`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use super::{proven, proves, replaced};
use crate::{
    model::{secret::Secret, session::Session},
    state::App,
};

/// The old password and a new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    /// May be left out on a session that was proved in the last ten minutes.
    current_password: Option<Secret>,
    /// As at registration.
    #[schema(min_length = 15, max_length = 256)]
    new_password: Secret,
}

/// Change the password
///
/// It ends every other session; the owner is told by e-mail.
#[utoipa::path(
    post, path = "/v1/auth/change-password", tag = "auth", operation_id = "changePassword",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed"),
        (status = 403, description = "`step-up-required`"),
        (status = 409, description = "`no-password`"),
    )
)]
pub async fn change_password(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<ChangePassword>,
) -> Result<Reply, Problem> {
    let (account, before) = proven(&app, &principal, body.current_password.as_ref()).await?;
    let credential = replaced(&app, &account, Some(before), &body.new_password)?;
    let (user, keep) = (principal.user_id, principal.session_id);
    let reply = app
        .store
        .change_password(&cx, &account, &credential, keep, Reply::no_content())
        .await?;
    // From here on nobody signs in with the old one. It is decided: what cannot
    // be ended now is left to the worker.
    let others = |session: &Session| session.id != keep;
    if let Err(error) = app.store.end_sessions(&cx, user, others).await {
        tracing::warn!(user.id = %user, %error, "sessions are left to the worker");
    }
    let password = body.current_password.as_ref();
    Ok(proves(
        reply,
        "/v1/auth/change-password",
        &principal,
        password,
    ))
}
