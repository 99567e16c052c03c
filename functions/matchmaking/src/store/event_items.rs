//! What stands in the table about an event as a whole.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{EventId, OrganizationId, RunId, UserId};
use shared::table::{Entity, Key};
use utoipa::ToSchema;

use super::items::later;
use crate::model::weights::Weights;

const RUN_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What matchmaking needs to know of an event; a copy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventCopy {
    /// Which.
    pub event_id: EventId,
    /// Who made it.
    pub created_by: UserId,
    /// Whose, if an organisation's.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// `published`, `cancelled` and so on.
    pub status: String,
    /// Its title.
    pub title: String,
}

/// Where an event's own items stand.
pub fn event_key(event: EventId, what: &str) -> Key {
    Key::new(format!("EVENT#{event}"), what)
}

impl Entity for EventCopy {
    const KIND: &'static str = "event";

    fn key(&self) -> Key {
        event_key(self.event_id, "EVENT")
    }
}

/// What the organisers of an event decided. A new version makes all earlier
/// results of the event stale.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Of what.
    pub event_id: EventId,
    /// Counts the changes and the runs.
    pub version: u64,
    /// The weights, unless the default ones hold.
    #[serde(default)]
    pub weights: Option<Weights>,
    /// When the last run was asked for.
    #[serde(default)]
    pub run_at: Option<Timestamp>,
}

impl Settings {
    /// Nothing decided yet.
    pub fn new(event_id: EventId) -> Self {
        Self {
            event_id,
            version: 0,
            weights: None,
            run_at: None,
        }
    }
}

impl Entity for Settings {
    const KIND: &'static str = "settings";

    fn key(&self) -> Key {
        event_key(self.event_id, "SETTINGS")
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// Where a batch run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MatchingRunStatus)]
pub enum RunStatus {
    /// Nobody is done yet.
    Queued,
    /// Some are done.
    Running,
    /// Everybody has fresh matches.
    Completed,
    /// Too many people for a batch: everybody's matches are made afresh as
    /// they look.
    Deferred,
}

/// A batch run over the attendees of an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Which.
    pub run_id: RunId,
    /// For whose attendees.
    pub event_id: EventId,
    /// Who asked for it.
    pub requested_by: UserId,
    /// Where it stands.
    pub status: RunStatus,
    /// How many people take part, once known.
    #[serde(default)]
    pub people: Option<u32>,
    /// How many have their matches.
    pub done: u32,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it was over.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
}

/// Where a run stands.
pub fn run_key(run: RunId) -> Key {
    Key::new(format!("RUN#{run}"), "RUN")
}

impl Entity for Run {
    const KIND: &'static str = "run";

    fn key(&self) -> Key {
        run_key(self.run_id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(later(self.requested_at, RUN_KEPT))
    }
}
