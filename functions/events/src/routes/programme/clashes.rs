//! `GET /v1/events/{id}/programme/clashes`

use axum::extract::State;
use serde::Serialize;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use crate::model::{DoubleBooking, double_bookings};

/// What a programme books twice.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgrammeClashes {
    /// Every double booking.
    items: Vec<DoubleBooking>,
    /// How many sessions were looked at.
    sessions: usize,
    /// Whether those were all; a programme of more than 1000 is looked at in part.
    complete: bool,
}

/// Lists double bookings of rooms and speakers, for the organisers.
///
/// Drafts count, what is cancelled does not. Needs the right `event.edit`.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/programme/clashes",
    tag = TAG,
    operation_id = "getProgrammeClashes",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "The double bookings.", body = ProgrammeClashes),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn clashes(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventEdit).await?;
    let (cards, complete) = app.store.programme_cards(id).await?;
    Reply::ok(&ProgrammeClashes {
        items: double_bookings(&cards),
        sessions: cards.len(),
        complete,
    })
}
