//! `GET /v1/events/{id}`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::view::EventView;
use super::{App, TAG};

/// Reads an event.
///
/// Everybody sees what is or was published; drafts are seen inside.
#[utoipa::path(
    get,
    path = "/v1/events/{id}",
    tag = TAG,
    operation_id = "getEvent",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "The event.", body = EventView),
        (status = 404, description = "`not-found`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn get(
    State(app): State<App>,
    principal: Option<Principal>,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, counts) = app.store.event(id).await?;
    if !event.visible_to(principal.as_ref()) {
        return Err(Problem::not_found("The event"));
    }
    let view = EventView::new(&event, &counts);
    Ok(Reply::ok(&view)?.tag(&view.etag()).revalidated())
}
