//! Matches as they are shown.

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{EventId, UserId};
use utoipa::ToSchema;

use crate::matcher::Found;
use crate::model::explain::Reason;

/// Somebody you should meet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    user_id: UserId,
    /// The event at which you can meet.
    event_id: EventId,
    name: Option<String>,
    headline: Option<String>,
    company: Option<String>,
    roles: Vec<String>,
    /// From 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
    reasons: Vec<Reason>,
    /// Saved events and tags in common.
    mutual_interests: Vec<String>,
    /// From 0 to 1; `null` until both have connected a calendar.
    #[schema(minimum = 0, maximum = 1)]
    availability_overlap: Option<f32>,
}

impl From<Found> for Match {
    fn from(Found { badge, score, why }: Found) -> Self {
        Self {
            user_id: badge.user_id,
            event_id: badge.event_id,
            name: badge.name,
            headline: badge.headline,
            company: badge.company,
            roles: badge.roles,
            // More digits than three would promise more than a score can keep.
            score: (f64::from(score) * 1000.0).round() / 1000.0,
            reasons: why.reasons,
            mutual_interests: why.mutual_interests,
            availability_overlap: None,
        }
    }
}

/// A page of matches, best first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Matches {
    /// A page can be short: who left or hides meanwhile is left out.
    pub items: Vec<Match>,
    /// Send it as `cursor` for the next page; `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// When the ranking was made.
    #[schema(value_type = String, format = DateTime)]
    pub computed_at: Timestamp,
}
