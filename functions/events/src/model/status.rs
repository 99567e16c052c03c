//! The life of an event.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being written.
    Draft,
    /// Waiting for a decision.
    Submitted,
    /// Decided: may be published.
    Approved,
    /// Decided: needs work.
    Rejected,
    /// Open to everybody.
    Published,
    /// Will not take place.
    Cancelled,
    /// Over.
    Completed,
}

/// What can happen to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The author asks for approval.
    Submit,
    /// An approver agrees.
    Approve,
    /// An approver declines.
    Reject,
    /// The author takes up a rejected event again.
    Revise,
    /// The organiser opens it to everybody.
    Publish,
    /// The organiser calls it off.
    Cancel,
    /// Its end has passed.
    Complete,
}

impl Move {
    const ALL: [Self; 7] = [
        Self::Submit,
        Self::Approve,
        Self::Reject,
        Self::Revise,
        Self::Publish,
        Self::Cancel,
        Self::Complete,
    ];
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Submitted,
        Self::Approved,
        Self::Rejected,
        Self::Published,
        Self::Cancelled,
        Self::Completed,
    ];

    /// The status after a move, or nothing if the move is not allowed. Where
    /// no approval is needed, a draft is published at once (C35).
    pub fn after(self, step: Move, needs_approval: bool) -> Option<Self> {
        super::life::after(self, step, needs_approval)
    }

    /// Every status that may come next.
    pub fn next(self, needs_approval: bool) -> Vec<Self> {
        Move::ALL
            .iter()
            .filter_map(|step| self.after(*step, needs_approval))
            .collect()
    }

    /// Whether everybody may see it.
    pub const fn public(self) -> bool {
        matches!(self, Self::Published | Self::Cancelled | Self::Completed)
    }

    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Published => "published",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EV-09: the whole table, so that no move slips in.
    #[test]
    fn ev_09_the_machine_has_these_moves_and_no_other() {
        use Status::*;
        let moves = |needs_approval| {
            let mut found = Vec::new();
            for status in Status::ALL {
                for step in Move::ALL {
                    if let Some(next) = status.after(step, needs_approval) {
                        found.push((status, step, next));
                    }
                }
            }
            found
        };
        let common = [
            (Submitted, Move::Approve, Approved),
            (Submitted, Move::Reject, Rejected),
            (Approved, Move::Publish, Published),
            (Approved, Move::Cancel, Cancelled),
            (Rejected, Move::Revise, Draft),
            (Published, Move::Cancel, Cancelled),
            (Published, Move::Complete, Completed),
        ];
        let mut with = vec![(Draft, Move::Submit, Submitted)];
        with.extend(common);
        assert_eq!(moves(true), with);
        let mut without = vec![(Draft, Move::Publish, Published)];
        without.extend(common);
        assert_eq!(moves(false), without);
    }
}
