//! Where a person's id stands in what belongs to others: kept with the person,
//! so that all of it is found when the account is gone.

use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId, VenueId};
use shared::table::{Entity, Key};

/// What the id stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Place {
    /// In an event, as its author, a speaker, who proposed a change or made a
    /// step of its history.
    Event {
        /// Which.
        event_id: EventId,
    },
    /// In the scans of an event, as who stood at the door.
    Door {
        /// Of which.
        event_id: EventId,
    },
    /// In somebody else's registration, as whom it is handed over to.
    Registration {
        /// For which event.
        event_id: EventId,
        /// Whose.
        holder: UserId,
    },
    /// In a venue, as who entered it.
    Venue {
        /// Which.
        venue_id: VenueId,
    },
}

/// That a person's id stands, or stood, there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// Whose.
    pub user_id: UserId,
    /// Where.
    pub place: Place,
}

impl Trace {
    /// What the sort keys of a person's traces begin with.
    pub const PREFIX: &'static str = "TRACE#";
}

impl Entity for Trace {
    const KIND: &'static str = "trace";

    fn key(&self) -> Key {
        let place = match self.place {
            Place::Event { event_id } => format!("EVENT#{event_id}"),
            Place::Door { event_id } => format!("DOOR#{event_id}"),
            Place::Registration { event_id, holder } => format!("REG#{event_id}#{holder}"),
            Place::Venue { venue_id } => format!("VENUE#{venue_id}"),
        };
        let pk = format!("USER#{}", self.user_id);
        Key::new(pk, format!("{}{place}", Self::PREFIX))
    }
}
