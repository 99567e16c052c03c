//! Feedback after an event.

pub mod give;
pub mod results;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Feedback;

/// Feedback, without whose it is. Of the time, the day alone: the minute
/// would tell who was seen writing.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackView {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub(super) rating: u8,
    /// In words.
    pub(super) comment: String,
    /// The day of the last change, in UTC.
    #[schema(value_type = String, format = Date)]
    pub(super) date: Date,
}

impl FeedbackView {
    pub(super) fn new(feedback: &Feedback) -> Self {
        Self {
            rating: feedback.rating,
            comment: feedback.comment.clone(),
            date: feedback.updated_at.to_zoned(TimeZone::UTC).date(),
        }
    }
}

/// What somebody said themselves.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnFeedback {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    rating: u8,
    /// In words.
    comment: String,
    /// The last change.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl OwnFeedback {
    fn new(feedback: &Feedback) -> Self {
        Self {
            rating: feedback.rating,
            comment: feedback.comment.clone(),
            updated_at: feedback.updated_at,
        }
    }
}
