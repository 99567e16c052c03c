//! Deleting one's own account: deactivated at once, erased later, and undone in
//! between.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{OperationId, UserId};
use utoipa::ToSchema;

use super::{challenge::ChallengeToken, token::MailToken};

/// How long a person can change their mind.
pub const UNDO_WINDOW: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A person wants their account deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// The operation that sees to it.
    pub operation_id: OperationId,
    /// When they asked.
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// From when on the account is erased.
    #[schema(value_type = String, format = DateTime)]
    pub erase_at: Timestamp,
    /// Whether the erasing has begun: there is no way back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
}

impl Deletion {
    /// Of today.
    pub fn requested(now: Timestamp) -> Self {
        Self {
            operation_id: OperationId::new(),
            requested_at: now,
            erase_at: now + UNDO_WINDOW,
            begun: false,
        }
    }

    /// Whether the person can still change their mind.
    pub fn can_be_undone(&self, now: Timestamp) -> bool {
        !self.begun && now < self.erase_at
    }
}

/// By what somebody undoes it: nobody is signed in to a deactivated account.
#[derive(Debug)]
pub enum Undo {
    /// The link of the letter.
    Mailed(MailToken),
    /// What a sign-in to the deactivated account was answered with.
    SignedIn(ChallengeToken),
}

impl Undo {
    /// Reads what a client sent; `None` if it has the shape of neither.
    pub fn parse(text: &str) -> Option<Self> {
        ChallengeToken::parse(text)
            .map(Self::SignedIn)
            .or_else(|| MailToken::parse(text).map(Self::Mailed))
    }
}

/// The last export that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportRequest {
    /// Whose.
    pub user_id: UserId,
    /// The operation that sees to it.
    pub operation_id: OperationId,
    /// When.
    pub requested_at: Timestamp,
}

/// How soon somebody can ask for another export.
pub const EXPORT_PAUSE: SignedDuration = SignedDuration::from_hours(24);

impl ExportRequest {
    /// Whether it is too early for another one.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now < self.requested_at + EXPORT_PAUSE
    }
}
