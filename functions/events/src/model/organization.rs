//! What this group knows of an organisation, copied from auth's events.

use serde::{Deserialize, Serialize};
use shared::id::OrganizationId;
use shared::table::{Entity, Key};

/// A copy of an organisation's settings; a deletion leaves a tombstone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Which.
    pub id: OrganizationId,
    /// Whether its events need approval (C35).
    pub event_approval: bool,
    /// Whether it is gone.
    pub deleted: bool,
}

impl Organization {
    /// Where the copy is kept.
    pub fn key_of(id: OrganizationId) -> Key {
        Key::new(format!("ORG#{id}"), "SETTINGS")
    }
}

impl Entity for Organization {
    const KIND: &'static str = "organization";

    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}
