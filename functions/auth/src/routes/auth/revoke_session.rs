//! `DELETE /v1/auth/sessions/{sessionId}`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Path, Reply},
    id::SessionId,
    principal::Principal,
    problem::Problem,
};

use crate::{state::App, store::Ending};

/// End one of your sessions
///
/// Its tokens are refused everywhere within 5 seconds.
#[utoipa::path(
    delete, path = "/v1/auth/sessions/{sessionId}", tag = "auth", operation_id = "revokeSession",
    params(("sessionId" = SessionId, Path)),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "You have no such session"),
    )
)]
pub async fn revoke(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<SessionId>,
) -> Result<Reply, Problem> {
    let user = principal.user_id;
    if app.store.session(user, id).await?.is_none() {
        return Err(Problem::not_found("The session"));
    }
    app.store
        .end_session(&cx, user, id, Ending::Revoked, Reply::no_content())
        .await
}
