//! `GET /v1/events/{id}/admission`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::{App, TAG};
use super::AdmissionView;

/// Reads ticket types with what is left of them, questions, and the rules of
/// the waitlist and the door.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/admission",
    tag = TAG,
    operation_id = "getAdmission",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "How people get in.", body = AdmissionView),
        (status = 404, description = "`not-found`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn get_admission(
    State(app): State<App>,
    principal: Option<Principal>,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, counts) = app.store.event(id).await?;
    if !event.visible_to(principal.as_ref()) {
        return Err(Problem::not_found("The event"));
    }
    let admission = app.store.admission(id).await?;
    let view = AdmissionView::new(&admission, &counts);
    Ok(Reply::ok(&view)?.tag(&view.tag()))
}
