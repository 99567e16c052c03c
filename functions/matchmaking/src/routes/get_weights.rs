//! `GET /v1/matchmaking/events/{eventId}/weights`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::organises;
use crate::App;
use crate::model::weights::Weights;

/// See what counts in an event's matching
///
/// For its organisers; the default weights until they are set.
#[utoipa::path(
    get, path = "/v1/matchmaking/events/{eventId}/weights", tag = "matchmaking",
    operation_id = "getMatchingWeights",
    params(("eventId" = EventId, Path)),
    responses(
        (status = 200, description = "The weights", body = Weights),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "You do not organise the event"),
        (status = 404, description = "No such event is published"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    State(app): State<App>,
    principal: Principal,
    Path(event): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, settings) = app.store.event(event).await?;
    organises(
        &principal,
        &event.ok_or_else(|| Problem::not_found("The event"))?,
    )?;
    Ok(Reply::ok(&settings.weights.unwrap_or_default())?.etag(settings.version))
}
