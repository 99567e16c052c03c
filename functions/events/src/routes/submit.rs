//! `POST /v1/events/{id}/submit`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::EventSubmitted;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::{CONFLICT, Problem};

use super::view::EventView;
use super::{App, TAG};
use crate::model::{Event, Move};

/// Asks for approval.
///
/// For drafts of organisations whose setting `eventApproval` is on.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/submit",
    tag = TAG,
    operation_id = "submitEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
    ),
    responses(
        (status = 200, description = "The submitted event.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`wrong-transition`, `conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn submit(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, counts) = app.editable(id, &principal, Permission::EventEdit).await?;
    let needs_approval = app.needs_approval(&event).await?;
    let event = Event {
        needs_approval,
        submitted_version: Some(event.version + 1),
        ..event
    };
    let (next, counts, mut commit) = app.step(&cx, &event, &counts, Move::Submit, None)?;
    let organization_id = next
        .organization_id
        .ok_or_else(|| Problem::new(&CONFLICT).detail("A personal event needs no approval."))?;
    let submitted = EventSubmitted {
        event_id: id,
        organization_id,
        title: next.details.title.clone(),
        created_by: next.created_by,
        actor_id: principal.user_id,
        reason: None,
        changed: Vec::new(),
        proposed_by: None,
    };
    commit.publish(&submitted, next.version);
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}
