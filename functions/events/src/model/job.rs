//! Jobs that are as long as an event is large: what one message cannot finish,
//! the schedule goes on with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{EventId, OperationId, OrganizationId, UserId, VenueId};
use shared::table::{Entity, Indexes, Key};

use super::notice::Progress;

/// What has to be done. Each looks at the state and does what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Job {
    /// Call off the sessions of a cancelled event.
    CancelSessions {
        /// Of which event.
        event_id: EventId,
        /// What attendees read.
        reason: String,
    },
    /// End the registrations of a cancelled event.
    EndRegistrations {
        /// For which event.
        event_id: EventId,
        /// What attendees read.
        reason: String,
    },
    /// Give free places to those who wait.
    GiveOut {
        /// Of which event.
        event_id: EventId,
    },
    /// End the events of a deleted organisation.
    Close {
        /// Whose.
        organization_id: OrganizationId,
    },
    /// Erase what is kept of a person whose account was deleted.
    Erase {
        /// Who.
        user_id: UserId,
        /// The operation that sees to it.
        operation_id: OperationId,
    },
    /// Take the rest of a deleted event's history away.
    ForgetHistory {
        /// Of which event.
        event_id: EventId,
    },
    /// Bring a changed venue into the events that take place there.
    FollowVenue {
        /// Which.
        venue_id: VenueId,
    },
}

impl Job {
    /// Where what is left of it is kept.
    pub fn key(&self) -> Key {
        let subject = match self {
            Self::CancelSessions { event_id, .. } => format!("SESSIONS#{event_id}"),
            Self::EndRegistrations { event_id, .. } => format!("REGISTRATIONS#{event_id}"),
            Self::GiveOut { event_id } => format!("PLACES#{event_id}"),
            Self::Close { organization_id } => format!("CLOSE#{organization_id}"),
            Self::Erase { user_id, .. } => format!("ERASE#{user_id}"),
            Self::ForgetHistory { event_id } => format!("HISTORY#{event_id}"),
            Self::FollowVenue { venue_id } => format!("VENUE#{venue_id}"),
        };
        Key::new(format!("JOB#{subject}"), "JOB")
    }

    /// Whether the same job goes on where it stopped. The others begin anew when
    /// they are asked for again: there is something new to do.
    pub fn goes_on(&self) -> bool {
        matches!(
            self,
            Self::CancelSessions { .. } | Self::EndRegistrations { .. }
        )
    }
}

/// A job that could not be finished, or begun, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptJob {
    /// What.
    pub job: Job,
    /// How far it has got.
    #[serde(default)]
    pub progress: Progress,
    /// When somebody worked on it last: the schedule takes turns.
    pub touched_at: Timestamp,
    /// The correlation of what set it off.
    pub correlation_id: String,
    /// Counts the changes; 0 while it is not kept.
    pub version: u64,
}

impl KeptJob {
    /// A job that nobody has worked on.
    pub fn new(job: Job, now: Timestamp, correlation_id: &str) -> Self {
        Self {
            job,
            progress: Progress::default(),
            touched_at: now,
            correlation_id: correlation_id.to_owned(),
            version: 0,
        }
    }
}

impl Entity for KeptJob {
    const KIND: &'static str = "job";

    fn key(&self) -> Key {
        self.job.key()
    }

    fn version(&self) -> u64 {
        self.version
    }

    /// `gsi1` lists what is left, longest untouched first.
    fn indexes(&self) -> Indexes {
        let order = format!("{}#{}", self.touched_at, self.job.key().pk);
        Indexes {
            gsi1: Some(Key::new("JOBS", order)),
            gsi2: None,
        }
    }
}
