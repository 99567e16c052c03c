//! Events that people keep.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId};
use shared::table::{Entity, Indexes, Key};

/// That a person keeps an event, or did: the item stays, so that its version
/// orders what others hear of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// Who.
    pub user_id: UserId,
    /// Which.
    pub event_id: EventId,
    /// Whether the person keeps it now.
    pub saved: bool,
    /// Since when.
    pub at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}

impl Saved {
    /// What the sort keys of what a person keeps begin with.
    pub const PREFIX: &'static str = "SAVED#";

    /// Where it is kept.
    pub fn key_of(user: UserId, event: EventId) -> Key {
        Key::new(format!("USER#{user}"), format!("SAVED#{event}"))
    }
}

/// The index partition of those who keep an event.
pub fn savers(event: EventId) -> String {
    format!("SAVERS#{event}")
}

impl Entity for Saved {
    const KIND: &'static str = "saved";

    fn key(&self) -> Key {
        Self::key_of(self.user_id, self.event_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    /// `gsi1` lists those who keep an event.
    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: self
                .saved
                .then(|| Key::new(savers(self.event_id), format!("USER#{}", self.user_id))),
            gsi2: None,
        }
    }
}
