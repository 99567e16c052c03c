//! `GET /v1/venues`

use axum::extract::State;
use serde::Deserialize;
use shared::http::{Query, Reply};
use shared::id::OrganizationId;
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::IntoParams;

use super::super::format::kept;
use super::super::list::near;
use super::super::{App, TAG};
use super::VenueView;
use crate::model::{Coordinates, KnownVenue, around, distance_km};

/// Which venues.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListVenues {
    /// `lat,lng`: near this point.
    #[serde(default)]
    near: Option<String>,
    /// How far, with `near`; 25 unless given, at most 500.
    #[serde(default)]
    radius_km: Option<f64>,
    /// In this city.
    #[serde(default)]
    city: Option<String>,
    /// Of this organisation.
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    /// The name contains this.
    #[serde(default)]
    q: Option<String>,
    /// How many at most: 20 unless given, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl ListVenues {
    /// The shelves to look on: the narrowest that the query names.
    fn shelves(
        &self,
        circle: Option<(Coordinates, f64)>,
        reader: Option<&Principal>,
    ) -> Result<Vec<String>, Problem> {
        if let Some((point, radius)) = circle {
            let cells = around(point, radius).ok_or_else(|| {
                Problem::invalid("?radiusKm", "out-of-range", "must be at most 500")
            })?;
            return Ok(cells.iter().map(|cell| format!("AREA#{cell}")).collect());
        }
        if let Some(organization) = self.organization_id {
            return Ok(vec![format!("ORG#{organization}")]);
        }
        if let Some(city) = self.city() {
            return Ok(vec![format!("CITY#{city}")]);
        }
        let reader = reader.ok_or_else(|| {
            let detail = "name a place, a city or an organisation, or sign in for your own";
            Problem::invalid("?organizationId", "missing", detail)
        })?;
        Ok(vec![format!("USER#{}", reader.user_id)])
    }

    fn city(&self) -> Option<String> {
        let city = self.city.as_ref().map(|city| city.trim().to_lowercase());
        city.filter(|city| !city.is_empty())
    }

    fn admits(&self, circle: Option<(Coordinates, f64)>, known: &KnownVenue) -> bool {
        let venue = &known.venue;
        let folded = |text: &str| text.to_lowercase();
        circle.is_none_or(|(point, radius)| {
            venue
                .coordinates
                .is_some_and(|at| distance_km(point, at) <= radius)
        }) && self
            .city()
            .is_none_or(|city| venue.city.as_deref().map(folded) == Some(city))
            && self
                .organization_id
                .is_none_or(|organization| known.organization_id == Some(organization))
            && self
                .q
                .as_deref()
                .is_none_or(|text| folded(&venue.name).contains(&folded(text.trim())))
    }
}

/// Lists venues by name.
///
/// Those near a point, of a city or of an organisation; without any of these,
/// your own. A page may come back short with a `nextCursor`.
#[utoipa::path(
    get,
    path = "/v1/venues",
    tag = TAG,
    operation_id = "listVenues",
    params(ListVenues),
    responses((status = 200, description = "A page.", body = Listing<VenueView>)),
    security((), ("bearer" = []))
)]
pub async fn list_venues(
    State(app): State<App>,
    principal: Option<Principal>,
    Query(query): Query<ListVenues>,
) -> Result<Reply, Problem> {
    let reader = principal.as_ref();
    let circle = near(query.near.as_deref(), query.radius_km)?;
    let shelves = query.shelves(circle, reader)?;
    let unpaged = ListVenues {
        limit: None,
        cursor: None,
        ..query.clone()
    };
    let caller = reader.map_or_else(String::new, |reader| reader.user_id.to_string());
    let binding = Binding::new("/v1/venues")
        .caller(caller)
        .filter("query", format!("{unpaged:?}"));
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let page = PageRequest::new(&paging, binding, 20, 100)?;
    let wanted = |known: &KnownVenue| query.admits(circle, known);
    let found = app
        .store
        .venues(&shelves, wanted, page.limit, page.position())
        .await?;
    let views = found.items.iter().map(VenueView::new).collect();
    Ok(kept(
        Reply::ok(&page.listing(views, found.next))?.hashed(),
        reader,
    ))
}
