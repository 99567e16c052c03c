//! `POST /v1/events/{id}/cancel`

use axum::extract::State;
use serde::Deserialize;
use shared::cx::Context;
use shared::event::events::EventCancelled;
use shared::http::{Json, Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::approve::checked;
use super::view::EventView;
use super::{App, TAG};
use crate::model::Move;

/// Why it will not take place.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cancellation {
    /// For the attendees.
    #[serde(default)]
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Calls an event off.
///
/// It stays readable as `cancelled`. Registrations end, and everybody who had
/// one is told.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/cancel",
    tag = TAG,
    operation_id = "cancelEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
    ),
    request_body = Cancellation,
    responses(
        (status = 200, description = "The cancelled event.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`wrong-transition`"),
    ),
    security(("bearer" = []))
)]
pub async fn cancel(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(cancellation): Json<Cancellation>,
) -> Result<Reply, Problem> {
    let reason = checked("/reason", cancellation.reason)?;
    let (event, counts) = app
        .editable(id, &principal, Permission::EventPublish)
        .await?;
    let (next, counts, mut commit) =
        app.step(&cx, &event, &counts, Move::Cancel, reason.clone())?;
    app.store
        .note_change(&mut commit, &event, &next, Some(principal.user_id))
        .await?;
    commit.publish(
        &EventCancelled {
            event: next.snapshot(),
            reason,
        },
        next.version,
    );
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}
