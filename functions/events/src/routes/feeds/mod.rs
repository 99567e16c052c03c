//! Secret calendars of a person.

pub mod create;
pub mod list;
pub mod read;
pub mod revoke;

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{FeedId, OrganizationId};
use utoipa::ToSchema;

use crate::model::{Feed, Include};

/// A secret calendar, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedView {
    /// Which.
    id: FeedId,
    /// What it is called.
    name: String,
    /// What it shows.
    include: Vec<Include>,
    /// Only events of this organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    /// Only events with one of these tags.
    tags: Vec<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl FeedView {
    /// What its owner knows of it.
    pub fn new(feed: &Feed) -> Self {
        Self {
            id: feed.id,
            name: feed.name.clone(),
            include: feed.include.clone(),
            organization_id: feed.organization_id,
            tags: feed.tags.clone(),
            created_at: feed.created_at,
        }
    }
}
