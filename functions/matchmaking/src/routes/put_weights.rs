//! `PUT /v1/matchmaking/events/{eventId}/weights`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::organises;
use crate::App;
use crate::model::weights::Weights;
use crate::store::event_items::Settings;

/// Decide what counts in an event's matching
///
/// For its organisers. Everybody's matches are made afresh as they look.
#[utoipa::path(
    put, path = "/v1/matchmaking/events/{eventId}/weights", tag = "matchmaking",
    operation_id = "setMatchingWeights",
    params(("eventId" = EventId, Path)),
    request_body = Weights,
    responses(
        (status = 200, description = "The weights", body = Weights),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "You do not organise the event"),
        (status = 404, description = "No such event is published"),
        (status = 409, description = "`changed-meanwhile`"),
    ),
    security(("bearer" = [])),
)]
pub async fn put(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(event): Path<EventId>,
    Json(weights): Json<Weights>,
) -> Result<Reply, Problem> {
    weights.check()?;
    let (event, settings) = app.store.event(event).await?;
    organises(
        &principal,
        &event.ok_or_else(|| Problem::not_found("The event"))?,
    )?;
    let reply = Reply::ok(&weights)?.etag(settings.version + 1);
    let settings = Settings {
        weights: Some(weights),
        ..settings
    };
    app.store.decide(&cx, &settings, reply).await
}
