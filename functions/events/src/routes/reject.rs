//! `POST /v1/events/{id}/reject`

use axum::extract::State;
use serde::Deserialize;
use shared::cx::Context;
use shared::event::events::EventRejected;
use shared::http::{Json, Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::approve::{checked, may_decide};
use super::view::EventView;
use super::{App, TAG};
use crate::model::Move;

/// Why not.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rejection {
    /// For the author.
    #[schema(min_length = 1, max_length = 2000)]
    pub(super) reason: String,
}

/// Rejects a submitted event, with a reason.
///
/// Needs the right `event.approve`; not for an event of one's own. The author
/// may change the event, which makes it a draft again.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/reject",
    tag = TAG,
    operation_id = "rejectEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
    ),
    request_body = Rejection,
    responses(
        (status = 200, description = "The rejected event.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`wrong-transition`"),
    ),
    security(("bearer" = []))
)]
pub async fn reject(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(rejection): Json<Rejection>,
) -> Result<Reply, Problem> {
    let reason = checked("/reason", Some(rejection.reason))?
        .ok_or_else(|| Problem::invalid("/reason", "missing", "tell the author why"))?;
    let (event, counts) = app
        .editable(id, &principal, Permission::EventApprove)
        .await?;
    may_decide(&event, &principal)?;
    let (next, counts, mut commit) =
        app.step(&cx, &event, &counts, Move::Reject, Some(reason.clone()))?;
    if let Some(organization_id) = next.organization_id {
        let rejected = EventRejected {
            event_id: id,
            organization_id,
            title: next.details.title.clone(),
            created_by: next.created_by,
            actor_id: principal.user_id,
            reason: Some(reason),
            changed: Vec::new(),
            proposed_by: None,
        };
        commit.publish(&rejected, next.version);
    }
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}
