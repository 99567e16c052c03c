//! `GET /v1/auth/session`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    http::Reply,
    id::{SessionId, UserId},
    principal::{PlatformRole, Principal},
    problem::Problem,
};
use utoipa::ToSchema;

use super::SessionView;
use crate::{model::session::Method, state::App};

/// What the access token of the request stands for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentSession {
    user_id: UserId,
    session_id: SessionId,
    /// What the person is on the platform, from where the request comes.
    platform_role: PlatformRole,
    /// What the token is limited to; empty when it is not.
    scope: Vec<String>,
    /// The instant of the answer, by the service's clock.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    session: SessionView,
    /// How you proved that it is you, by the names of RFC 8176.
    methods: Vec<Method>,
    /// When you last did.
    #[schema(value_type = String, format = DateTime)]
    authenticated_at: Timestamp,
}

/// Check a token
///
/// Answers 200 with the session behind the access token, and 401 for a token
/// that is expired, revoked or none.
#[utoipa::path(
    get, path = "/v1/auth/session", tag = "auth", operation_id = "getSession",
    responses(
        (status = 200, description = "The token is valid", body = CurrentSession),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn session(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let (user, id) = (principal.user_id, principal.session_id);
    // The session is gone at once; the list of revoked ones is remembered for
    // some seconds. So this answers 401 sooner than other routes.
    let session = app
        .store
        .session(user, id)
        .await?
        .ok_or_else(super::ended)?;
    Reply::ok(&CurrentSession {
        user_id: user,
        session_id: id,
        platform_role: principal.platform_role,
        scope: principal.scope.iter().cloned().collect(),
        now: app.clock.now(),
        session: SessionView::of(&session, id),
        authenticated_at: session.authenticated_at,
        methods: session.methods,
    })
}
