//! What matchmaking publishes.

use serde::{Deserialize, Serialize};

use super::contract;
use crate::id::{EventId, RunId, UserId};

/// A batch run of the matching begins, or goes on behind a person. Matchmaking
/// consumes it itself: a run is worked off in chunks, one message each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchmakingRunRequested {
    /// Which run; the event's `sequence` counts its chunks.
    pub run_id: RunId,
    /// For the attendees of what.
    pub event_id: EventId,
    /// Who started it.
    pub requested_by: UserId,
    /// The last person that is done, if the run has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserId>,
    /// How many people are done.
    pub done: u32,
}
contract!(
    MatchmakingRunRequested,
    "matchmaking.run.requested",
    "matchmaking",
    run_id
);
