//! `PUT /v1/notifications/{id}/read`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::NotificationId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::view::NotificationView;
use super::{App, TAG};
use crate::store::Mark;

/// Marks one of the caller's notifications as read.
///
/// Doing it twice changes nothing.
#[utoipa::path(
    put,
    path = "/v1/notifications/{id}/read",
    tag = TAG,
    operation_id = "markNotificationRead",
    params(("id" = NotificationId, Path, description = "The notification's id")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The notification as it is now", body = NotificationView),
        (status = 401, description = "No valid access token"),
        (status = 404, description = "There is none, or it is somebody else's"),
    )
)]
pub async fn read(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<NotificationId>,
) -> Result<Reply, Problem> {
    let marked = app
        .store
        .mark(&cx, principal.user_id, id, Mark::Read)
        .await?;
    let (entry, inbox) = marked.ok_or_else(|| Problem::not_found("The notification"))?;
    let names = app.store.names_of(entry.actor_id).await?;
    Reply::ok(&NotificationView::of(&entry, &inbox, &names)?)
}
