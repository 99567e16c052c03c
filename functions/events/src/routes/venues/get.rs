//! `GET /v1/venues/{id}`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::id::VenueId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::format::kept;
use super::super::{App, TAG};
use super::VenueView;

/// Reads a venue.
#[utoipa::path(
    get,
    path = "/v1/venues/{id}",
    tag = TAG,
    operation_id = "getVenue",
    params(("id" = VenueId, Path, description = "The venue.")),
    responses(
        (status = 200, description = "The venue.", body = VenueView),
        (status = 404, description = "`not-found`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn get_venue(
    State(app): State<App>,
    principal: Option<Principal>,
    Path(id): Path<VenueId>,
) -> Result<Reply, Problem> {
    let known = app.known_venue(id).await?;
    if !known.visible_to(principal.as_ref()) {
        return Err(Problem::not_found("The venue"));
    }
    let reply = Reply::ok(&VenueView::new(&known))?.etag(known.version);
    Ok(kept(reply, principal.as_ref()))
}
