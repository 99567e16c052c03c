//! `POST /v1/venues`

use axum::extract::State;
use serde::Deserialize;
use shared::cx::Context;
use shared::http::{Json, Reply};
use shared::id::{OrganizationId, VenueId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use super::VenueView;
use crate::model::{Coordinates, KnownVenue, Place, Venue};
use crate::store::shelves::shelve_venue;
use crate::store::trace;

/// A new venue.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewVenue {
    /// The organisation that it belongs to; absent for one of your own.
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Street and number.
    #[serde(default)]
    #[schema(max_length = 500)]
    address: Option<String>,
    /// The city.
    #[serde(default)]
    #[schema(max_length = 100)]
    city: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    country: Option<String>,
    /// Where exactly.
    #[serde(default)]
    coordinates: Option<Coordinates>,
}

/// Creates a venue.
///
/// An organisation's needs the right `event.create` and is public; one of your
/// own is seen by you alone.
#[utoipa::path(
    post,
    path = "/v1/venues",
    tag = TAG,
    operation_id = "createVenue",
    request_body = NewVenue,
    responses(
        (status = 201, description = "The venue.", body = VenueView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn create_venue(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(new): Json<NewVenue>,
) -> Result<Reply, Problem> {
    if let Some(organization) = new.organization_id {
        principal.require(Permission::EventCreate, organization)?;
    }
    let venue = Venue {
        name: new.name,
        address: new.address,
        city: new.city,
        country: new.country,
        coordinates: new.coordinates,
    };
    let mut commit = app.store.commit(&cx);
    let known = KnownVenue {
        id: VenueId::new(),
        organization_id: new.organization_id,
        created_by: principal.user_id,
        created_at: commit.now(),
        updated_at: commit.now(),
        venue: venue.checked("")?,
        version: 1,
    };
    commit.create(&known);
    shelve_venue(&mut commit, None, Some(&known));
    if known.organization_id.is_some() {
        let venue_id = known.id;
        trace(&mut commit, known.created_by, Place::Venue { venue_id });
    }
    let location = format!("/v1/venues/{}", known.id);
    let reply = Reply::created(&VenueView::new(&known), &location)?;
    commit.finish(reply.etag(known.version)).await
}
