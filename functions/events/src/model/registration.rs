//! A person's registration for an event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{EventId, RegistrationId, UserId};
use shared::table::{Entity, Indexes, Key};
use utoipa::ToSchema;

/// Where a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationStatus {
    /// Has a place.
    Confirmed,
    /// Waits for one.
    Waitlisted,
    /// Given up, or the event was cancelled.
    Cancelled,
    /// Came.
    CheckedIn,
}

impl RegistrationStatus {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Waitlisted => "waitlisted",
            Self::Cancelled => "cancelled",
            Self::CheckedIn => "checked_in",
        }
    }

    /// Whether it holds a place.
    pub const fn holds_place(self) -> bool {
        matches!(self, Self::Confirmed | Self::CheckedIn)
    }
}

/// One per person and event; registering again after giving up goes on with
/// the same item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Which.
    pub id: RegistrationId,
    /// For what.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// Where it stands.
    pub status: RegistrationStatus,
    /// Since when it exists, or exists again.
    pub created_at: Timestamp,
    /// The last change.
    pub updated_at: Timestamp,
    /// When the person came.
    #[serde(default)]
    pub checked_in_at: Option<Timestamp>,
    /// The place in the order of waiting.
    #[serde(default)]
    pub waiting: Option<String>,
    /// Counts the changes.
    pub version: u64,
}

impl Registration {
    /// Where the registration of a person for an event is kept.
    pub fn key_of(event: EventId, user: UserId) -> Key {
        Key::new(format!("EVENT#{event}"), format!("REG#{user}"))
    }
}

impl Entity for Registration {
    const KIND: &'static str = "registration";

    fn key(&self) -> Key {
        Self::key_of(self.event_id, self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    /// `gsi1` lists a person's registrations, the newest last.
    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: Some(Key::new(
                format!("USER#{}", self.user_id),
                format!("REG#{}", self.id),
            )),
            gsi2: None,
        }
    }
}

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
}

impl Waiting {
    /// Where the entry is kept.
    pub fn key_of(event: EventId, order: &str) -> Key {
        Key::new(format!("EVENT#{event}"), format!("WAIT#{order}"))
    }
}

impl Entity for Waiting {
    const KIND: &'static str = "waiting";

    fn key(&self) -> Key {
        Self::key_of(self.event_id, &self.order)
    }
}
