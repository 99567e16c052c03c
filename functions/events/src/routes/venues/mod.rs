//! Venues that are used again and again.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod update;

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{OrganizationId, UserId, VenueId};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::App;
use crate::model::{KnownVenue, Venue};

/// A venue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VenueView {
    /// Which.
    id: VenueId,
    /// Whose; `null` for a person's own.
    #[schema(required)]
    organization_id: Option<OrganizationId>,
    /// What is known of it.
    #[serde(flatten)]
    venue: Venue,
    /// Who entered it.
    created_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last change.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Counts the changes; the `ETag`.
    version: u64,
}

impl VenueView {
    fn new(known: &KnownVenue) -> Self {
        Self {
            id: known.id,
            organization_id: known.organization_id,
            venue: known.venue.clone(),
            created_by: known.created_by,
            created_at: known.created_at,
            updated_at: known.updated_at,
            version: known.version,
        }
    }
}

impl App {
    /// A venue, if there is one.
    async fn known_venue(&self, id: VenueId) -> Result<KnownVenue, Problem> {
        let known = self.store.venue(id).await?;
        known.ok_or_else(|| Problem::not_found("The venue"))
    }
}
