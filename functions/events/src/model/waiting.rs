//! The waitlist's entries.

use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId};
use shared::table::{Entity, Key};

use super::registration::one;

/// An entry of the waitlist: it stands in the order of waiting, under the
/// event's own key, so that promotion rests on a consistent read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// For what.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// The place in the order of waiting.
    pub order: String,
    /// For which ticket type; `""` where the event has none.
    #[serde(default)]
    pub ticket_type: String,
    /// How many places it wants.
    #[serde(default = "one")]
    pub quantity: u32,
}

impl Waiting {
    /// Where the entry is kept. An order begins with a digit and a ticket type
    /// with a letter, so that each type has a range of its own.
    pub fn key_of(event: EventId, ticket_type: &str, order: &str) -> Key {
        let range = Self::range_of(ticket_type);
        Key::new(format!("EVENT#{event}"), format!("{range}{order}"))
    }

    /// What the sort keys of a type's entries begin with.
    pub fn range_of(ticket_type: &str) -> String {
        if ticket_type.is_empty() {
            "WAIT#".to_owned()
        } else {
            format!("WAIT#{ticket_type}#")
        }
    }
}

impl Entity for Waiting {
    const KIND: &'static str = "waiting";

    fn key(&self) -> Key {
        Self::key_of(self.event_id, &self.ticket_type, &self.order)
    }
}
