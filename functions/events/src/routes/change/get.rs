//! `GET /v1/events/{id}/change`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::{App, TAG};
use super::ChangeView;

/// Reads the change that waits for approval, field by field.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/change",
    tag = TAG,
    operation_id = "getPendingChange",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "The change.", body = ChangeView),
        (status = 404, description = "`not-found`: no such event, or no change waits"),
    ),
    security(("bearer" = []))
)]
pub async fn get_change(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, _) = app.store.event(id).await?;
    let change = event
        .pending
        .as_ref()
        .filter(|_| event.inside(&principal))
        .ok_or_else(|| Problem::not_found("A change that waits for approval"))?;
    let admission = app.store.admission(id).await?;
    let view = ChangeView::new(&event, &admission, change)?;
    Ok(Reply::ok(&view)?.etag(event.version).revalidated())
}
