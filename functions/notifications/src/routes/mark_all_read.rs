//! `POST /v1/notifications/mark-all-read`

use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use shared::cx::Context;
use shared::http::{Json, Reply};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::unread_count::UnreadCount;
use super::{App, TAG};

/// Up to when.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MarkAllRead {
    /// Everything that came until this instant, itself included; now, if it is
    /// left out. Send the `createdAt` of the latest one you have shown, and
    /// what came in the meantime stays unread.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub before: Option<Timestamp>,
}

/// Marks all of the caller's notifications as read.
///
/// One write, however many there are.
#[utoipa::path(
    post,
    path = "/v1/notifications/mark-all-read",
    tag = TAG,
    operation_id = "markAllNotificationsRead",
    request_body = MarkAllRead,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "How many are unread now", body = UnreadCount),
        (status = 400, description = "The body is not valid"),
        (status = 401, description = "No valid access token"),
    )
)]
pub async fn mark_all_read(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<MarkAllRead>,
) -> Result<Reply, Problem> {
    let now = app.clock.now();
    // What has not come yet cannot have been read.
    let before = body.before.map_or(now, |before| before.min(now));
    app.store
        .mark_all_read(&cx, principal.user_id, before, |inbox| {
            Reply::ok(&UnreadCount {
                unread: inbox.unread,
            })
        })
        .await
}
