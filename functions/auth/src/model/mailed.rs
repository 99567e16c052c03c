//! Links that were sent by mail: what they are good for, once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::event::auth::Letter;
use shared::id::UserId;

use super::account::Address;
use super::refresh::Fingerprint;
use super::token::MailToken;

/// What a link is for. A person has at most one link for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkUse {
    /// Prove that the account's address is theirs (AU-16).
    VerifyEmail,
    /// Choose another password (AU-15).
    ResetPassword,
    /// Prove that the new address is theirs (AU-32).
    ChangeEmail,
}

impl LinkUse {
    /// As it stands in keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "VERIFY-EMAIL",
            Self::ResetPassword => "RESET-PASSWORD",
            Self::ChangeEmail => "CHANGE-EMAIL",
        }
    }

    /// The letter that carries the link.
    pub const fn letter(self) -> Letter {
        match self {
            Self::VerifyEmail => Letter::VerifyEmail,
            Self::ResetPassword => Letter::ResetPassword,
            Self::ChangeEmail => Letter::ChangeEmail,
        }
    }

    /// How long the link works.
    pub const fn life(self) -> SignedDuration {
        match self {
            Self::VerifyEmail => SignedDuration::from_hours(24),
            Self::ResetPassword => SignedDuration::from_mins(30),
            Self::ChangeEmail => SignedDuration::from_hours(1),
        }
    }
}

/// How soon a person is sent another letter for the same purpose: a stranger
/// who asks again and again fills nobody's mailbox.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// A link as kept: by hash only.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Whose account.
    pub user_id: UserId,
    /// What for.
    pub purpose: LinkUse,
    /// The address that it was sent to.
    pub email: Address,
    /// Of the token.
    pub token: Fingerprint,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it ceases to work.
    pub expires_at: Timestamp,
}

impl Link {
    /// A new link to `email`.
    pub fn new(token: &MailToken, purpose: LinkUse, email: Address, now: Timestamp) -> Self {
        Self {
            user_id: token.user(),
            purpose,
            email,
            token: token.fingerprint(),
            sent_at: now,
            expires_at: now + purpose.life(),
        }
    }

    /// Whether this token opens it.
    pub fn opened_by(&self, token: &MailToken, now: Timestamp) -> bool {
        self.token.matches(&token.fingerprint()) && now < self.expires_at
    }
}
