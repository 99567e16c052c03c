//! Links that were sent by mail: what they are good for, once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::event::auth::Letter;
use shared::id::UserId;

use super::account::Address;
use super::code::CodeHash;
use super::deletion::UNDO_WINDOW;
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
    /// Sign in (AU-20).
    SignIn,
    /// Keep the account that was to be deleted.
    CancelDeletion,
}

impl LinkUse {
    /// As it stands in keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "VERIFY-EMAIL",
            Self::ResetPassword => "RESET-PASSWORD",
            Self::ChangeEmail => "CHANGE-EMAIL",
            Self::SignIn => "SIGN-IN",
            Self::CancelDeletion => "CANCEL-DELETION",
        }
    }

    /// The letter that carries the link.
    pub const fn letter(self) -> Letter {
        match self {
            Self::VerifyEmail => Letter::VerifyEmail,
            Self::ResetPassword => Letter::ResetPassword,
            Self::ChangeEmail => Letter::ChangeEmail,
            Self::SignIn => Letter::SignIn,
            Self::CancelDeletion => Letter::DeletionRequested,
        }
    }

    /// How long the link works.
    pub const fn life(self) -> SignedDuration {
        match self {
            Self::VerifyEmail => SignedDuration::from_hours(24),
            Self::ResetPassword => SignedDuration::from_mins(30),
            Self::ChangeEmail => SignedDuration::from_hours(1),
            Self::SignIn => SignedDuration::from_mins(15),
            Self::CancelDeletion => UNDO_WINDOW,
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
    /// Of the code that does as well as the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeHash>,
    /// How often a code was tried.
    #[serde(default)]
    pub tries: u32,
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
            code: None,
            tries: 0,
        }
    }

    /// The link, with a code beside it.
    pub fn with_code(self, code: CodeHash) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// Whether this token opens it.
    pub fn opened_by(&self, token: &MailToken, now: Timestamp) -> bool {
        self.token.matches(&token.fingerprint()) && now < self.expires_at
    }
}
