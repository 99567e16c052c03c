//! `GET /v1/notifications/unread-count`

use axum::extract::State;
use serde::Serialize;
use shared::http::Reply;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::{App, TAG};

/// How much is unread.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadCount {
    /// Unread notifications.
    pub unread: u32,
}

/// How many of the caller's notifications are unread.
///
/// It has an `ETag`, so that asking again costs nothing while it is the same.
#[utoipa::path(
    get,
    path = "/v1/notifications/unread-count",
    tag = TAG,
    operation_id = "countUnreadNotifications",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The count", body = UnreadCount),
        (status = 401, description = "No valid access token"),
    )
)]
pub async fn unread_count(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let unread = app.store.inbox(principal.user_id).await?.unread;
    Ok(Reply::ok(&UnreadCount { unread })?.hashed())
}
