//! What happened to an event: one entry per step, written by the commit that
//! makes the step, so that the history has neither gaps nor inventions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId};
use shared::table::{Entity, Key};
use utoipa::ToSchema;

use super::status::Move;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// It was made.
    Created,
    /// Its author changed it.
    Edited,
    /// It was sent for approval.
    Submitted,
    /// An approver agreed.
    Approved,
    /// An approver declined.
    Rejected,
    /// It was opened to everybody.
    Published,
    /// It was called off.
    Cancelled,
    /// Its end passed.
    Completed,
    /// A change of what was approved was sent for approval, or changed there.
    ChangeSubmitted,
    /// An approver agreed to the change; it holds.
    ChangeApproved,
    /// An approver declined the change.
    ChangeRejected,
    /// The change was taken back.
    ChangeWithdrawn,
    /// How people get in was changed, with effect at once.
    AdmissionChanged,
}

impl From<Move> for Step {
    fn from(step: Move) -> Self {
        match step {
            Move::Submit => Self::Submitted,
            Move::Approve => Self::Approved,
            Move::Reject => Self::Rejected,
            // Taking up a rejected event is changing it.
            Move::Revise => Self::Edited,
            Move::Publish => Self::Published,
            Move::Cancel => Self::Cancelled,
            Move::Complete => Self::Completed,
        }
    }
}

/// One entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Of which event.
    pub event_id: EventId,
    /// The event's version after the step.
    pub to_version: u64,
    /// What happened.
    pub step: Step,
    /// When.
    pub at: Timestamp,
    /// Who did it; nobody, where Plenary did it by itself.
    #[serde(default)]
    pub actor_id: Option<UserId>,
    /// What was said.
    #[serde(default)]
    pub note: Option<String>,
    /// The names of the fields that it was about.
    #[serde(default)]
    pub changed: Vec<String>,
}

impl HistoryEntry {
    /// What the keys of an event's history begin with.
    pub const PREFIX: &'static str = "HIST#";
}

impl Entity for HistoryEntry {
    const KIND: &'static str = "history";

    /// One request may send a part of an admission to review and have the rest
    /// at once: two steps to one version.
    fn key(&self) -> Key {
        let part = match self.step {
            Step::AdmissionChanged => "#ADMISSION",
            _ => "",
        };
        Key::new(
            format!("EVENT#{}", self.event_id),
            format!("{}{:010}{part}", Self::PREFIX, self.to_version),
        )
    }
}
