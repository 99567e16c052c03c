//! Venues that an organisation, or a person, uses again and again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{OrganizationId, UserId, VenueId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use shared::table::{Entity, Key};

use super::area::Size;
use super::place::Venue;

/// A venue with an id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownVenue {
    /// Which.
    pub id: VenueId,
    /// Whose; a person's own has none.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// Who entered it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// The last change.
    pub updated_at: Timestamp,
    /// What is known of it.
    pub venue: Venue,
    /// Counts the changes.
    pub version: u64,
}

impl KnownVenue {
    /// Where the venue `id` is kept.
    pub fn key_of(id: VenueId) -> Key {
        Key::new(format!("VENUE#{id}"), "VENUE")
    }

    /// Whether `reader` may see it: an organisation's is public, a person's own
    /// may be a home.
    pub fn visible_to(&self, reader: Option<&Principal>) -> bool {
        self.organization_id.is_some()
            || reader.is_some_and(|reader| reader.user_id == self.created_by)
    }

    /// Whether `actor` may change it. A change reaches every event that takes
    /// place there, approved ones too, so it takes who manages the organisation.
    ///
    /// # Errors
    /// 404 for whoever may not even see it, 403 for whoever may.
    pub fn authorise(&self, actor: &Principal) -> Result<(), Problem> {
        match self.organization_id {
            Some(organization) if actor.can(Permission::OrganizationManage, organization) => Ok(()),
            None if actor.user_id == self.created_by => Ok(()),
            Some(_) => Err(Problem::forbidden("You may not change this venue.")
                .with("requiredPermission", "organization.manage")),
            None => Err(Problem::not_found("The venue")),
        }
    }

    /// Whether an event of this owner may take place there.
    pub fn usable_by(&self, organization: Option<OrganizationId>, person: UserId) -> bool {
        self.organization_id == organization
            && (organization.is_some() || self.created_by == person)
    }

    /// Every card of it, by key.
    pub fn cards(&self) -> BTreeMap<Key, VenueCard> {
        let mut shelves = vec![match self.organization_id {
            Some(organization) => format!("ORG#{organization}"),
            None => format!("USER#{}", self.created_by),
        }];
        if self.organization_id.is_some() {
            let city = self.venue.city.as_deref().map(str::to_lowercase);
            shelves.extend(city.map(|city| format!("CITY#{city}")));
            if let Some(at) = self.venue.coordinates {
                shelves.extend(Size::ALL.map(|size| format!("AREA#{}", size.cell(at))));
            }
        }
        shelves
            .into_iter()
            .map(|shelf| VenueCard {
                shelf,
                venue: self.clone(),
            })
            .map(|card| (card.key(), card))
            .collect()
    }
}

impl Entity for KnownVenue {
    const KIND: &'static str = "venue";

    fn key(&self) -> Key {
        Self::key_of(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// A copy of a venue on a shelf, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueCard {
    /// Where it stands.
    pub shelf: String,
    /// The venue.
    pub venue: KnownVenue,
}

impl VenueCard {
    /// The partition of a shelf.
    pub fn partition(shelf: &str) -> String {
        format!("VENUES#{shelf}")
    }
}

impl Entity for VenueCard {
    const KIND: &'static str = "venue-card";

    fn key(&self) -> Key {
        // Long enough to sort by, short enough for a key and a cursor.
        let name = self.venue.venue.name.to_lowercase();
        let name: String = name.chars().take(60).collect();
        Key::new(
            Self::partition(&self.shelf),
            format!("{name}#{}", self.venue.id),
        )
    }
}
