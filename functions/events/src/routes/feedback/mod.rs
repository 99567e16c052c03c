//! Feedback after an event.

pub mod give;
pub mod results;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Feedback;

/// Feedback, without whose it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackView {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub(super) rating: u8,
    /// In words.
    pub(super) comment: String,
    /// The last change.
    #[schema(value_type = String, format = DateTime)]
    pub(super) updated_at: Timestamp,
}

impl FeedbackView {
    pub(super) fn new(feedback: &Feedback) -> Self {
        Self {
            rating: feedback.rating,
            comment: feedback.comment.clone(),
            updated_at: feedback.updated_at,
        }
    }
}
