//! `DELETE /v1/venues/{id}`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::VenueId;
use shared::principal::Principal;
use shared::problem::{Problem, VERSION_CONFLICT};
use shared::table::Entity;

use super::super::{App, TAG};
use crate::store::shelves::shelve_venue;

/// Deletes a venue. Events that take place there keep what they say of it.
#[utoipa::path(
    delete,
    path = "/v1/venues/{id}",
    tag = TAG,
    operation_id = "deleteVenue",
    params(("id" = VenueId, Path, description = "The venue.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`version-conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn delete_venue(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<VenueId>,
) -> Result<Reply, Problem> {
    let known = app.known_venue(id).await?;
    known.authorise(&principal)?;
    let mut commit = app.store.commit(&cx);
    commit
        .delete(known.key())
        .when("#version = :version")
        .bind(":version", known.version)
        .or(Problem::new(&VERSION_CONFLICT));
    shelve_venue(&mut commit, Some(&known), None);
    commit.finish(Reply::no_content()).await
}
