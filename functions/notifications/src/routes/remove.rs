//! `DELETE /v1/notifications/{id}`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::NotificationId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::{App, TAG};
use crate::store::Mark;

/// Removes one of the caller's notifications.
#[utoipa::path(
    delete,
    path = "/v1/notifications/{id}",
    tag = TAG,
    operation_id = "deleteNotification",
    params(("id" = NotificationId, Path, description = "The notification's id")),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid access token"),
        (status = 404, description = "There is none, or it is somebody else's"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<NotificationId>,
) -> Result<Reply, Problem> {
    let removed = app
        .store
        .mark(&cx, principal.user_id, id, Mark::Removed)
        .await?;
    removed.ok_or_else(|| Problem::not_found("The notification"))?;
    Ok(Reply::no_content())
}
