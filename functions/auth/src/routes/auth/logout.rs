//! `POST /v1/auth/logout`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{state::App, store::Ending};

/// How far to sign out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Logout {
    /// Also end the sessions on all other devices.
    all_devices: bool,
}

/// Sign out
///
/// Ends the session of the access token. Its tokens are refused everywhere
/// within 5 seconds; calling again with them answers 401.
#[utoipa::path(
    post, path = "/v1/auth/logout", tag = "auth", operation_id = "logout",
    request_body(content = Option<Logout>),
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn logout(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    body: Option<Json<Logout>>,
) -> Result<Reply, Problem> {
    let (user, session) = (principal.user_id, principal.session_id);
    let all_devices = body.is_some_and(|Json(body)| body.all_devices);
    if all_devices {
        // The others first: if this stops half-way, the same call goes on.
        app.store
            .end_sessions(&cx, user, |other| other.id != session)
            .await?;
    }
    app.store
        .end_session(&cx, user, session, Ending::Logout, Reply::no_content())
        .await
}
