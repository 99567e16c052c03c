//! `PATCH /v1/venues/{id}`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::VenueUpdated;
use shared::http::{IfMatch, MergePatch, Path, Reply};
use shared::id::VenueId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::{App, TAG};
use super::VenueView;
use crate::model::{KnownVenue, Venue};
use crate::store::shelves::shelve_venue;

/// Changes a venue.
///
/// Events that take place there and are not over follow within seconds, and
/// calendars with them. An organisation's venue needs the right
/// `organization.manage`, because approved events change with it.
#[utoipa::path(
    patch,
    path = "/v1/venues/{id}",
    tag = TAG,
    operation_id = "updateVenue",
    params(
        ("id" = VenueId, Path, description = "The venue."),
        ("If-Match" = String, Header, description = "The ETag that was read."),
    ),
    request_body(content = Venue, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The venue after the change.", body = VenueView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    ),
    security(("bearer" = []))
)]
pub async fn update_venue(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    if_match: IfMatch,
    Path(id): Path<VenueId>,
    patch: MergePatch<Venue>,
) -> Result<Reply, Problem> {
    let before = app.known_venue(id).await?;
    before.authorise(&principal)?;
    if_match.require(before.version)?;
    let mut commit = app.store.commit(&cx);
    let after = KnownVenue {
        venue: patch.apply(&before.venue)?.checked("")?,
        updated_at: commit.now(),
        ..before.clone()
    };
    commit.replace(&after);
    let after = KnownVenue {
        version: before.version + 1,
        ..after
    };
    shelve_venue(&mut commit, Some(&before), Some(&after));
    if after.venue != before.venue {
        commit.publish(&VenueUpdated { venue_id: id }, after.version);
    }
    let reply = Reply::ok(&VenueView::new(&after))?.etag(after.version);
    commit.finish(reply).await
}
