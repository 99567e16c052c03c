//! `DELETE /v1/auth/sessions`

use axum::extract::State;
use shared::{cx::Context, http::Reply, principal::Principal, problem::Problem};

use crate::state::App;

/// End all your other sessions
///
/// Only the one of this access token stays.
#[utoipa::path(
    delete, path = "/v1/auth/sessions", tag = "auth", operation_id = "revokeOtherSessions",
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn revoke_others(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    let keep = principal.session_id;
    app.store
        .end_sessions(&cx, principal.user_id, |other| other.id != keep)
        .await?;
    Ok(Reply::no_content())
}
