//! Outgoing e-mails: committed together with what they tell of, sent after.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{NotificationId, UserId};
use uuid::Uuid;

use super::invitation::Invitation;
use super::kind::Kind;
use super::message::Message;

/// How long an attempt to send may take before another may follow. Shorter
/// than the queue's visibility timeout, so that a redelivery finds it over.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Kept as long as the event that caused it can come again.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(35 * 24);

/// To whom an e-mail goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Addressee {
    /// A user, at the address that is known when it is sent.
    User(UserId),
    /// An address that need not belong to a user.
    Address(String),
    /// An address that went with its owner's account.
    Erased,
}

/// How far an e-mail has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub enum MailState {
    /// Nothing is to be sent: the record only says that the event was handled.
    Unwanted,
    /// Not sent yet.
    Pending,
    /// Somebody is sending it; if that takes too long, another may.
    Sending {
        /// Until when it is theirs.
        until: Timestamp,
    },
    /// The mail service has it.
    Sent {
        /// Since when.
        at: Timestamp,
    },
    /// It cannot be delivered.
    Failed {
        /// Since when.
        at: Timestamp,
        /// In one word.
        reason: String,
    },
}

/// An e-mail: one per event, recipient and type, which is its key. It is also
/// the record that the event was handled for that recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// The event that caused it.
    pub event_id: Uuid,
    /// To whom.
    pub to: Addressee,
    /// The notification that it carries.
    pub notification_id: NotificationId,
    /// What it says.
    pub message: Message,
    /// Who set it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
    /// What it brings for the recipient's calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// How far it has come.
    pub state: MailState,
    /// Not before this time: quiet hours, or a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// Counts its changes.
    #[serde(default)]
    pub version: u64,
}

impl Mail {
    /// Its type.
    pub const fn kind(&self) -> Kind {
        self.message.kind()
    }

    /// The user it goes to, unless it goes to a mere address.
    pub const fn user_id(&self) -> Option<UserId> {
        match self.to {
            Addressee::User(id) => Some(id),
            Addressee::Address(_) | Addressee::Erased => None,
        }
    }

    /// Whether it has still to be sent, by somebody.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, MailState::Pending | MailState::Sending { .. })
    }

    /// Whether its time has come.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    /// That the event was handled, and nothing of whom it went to.
    pub fn erased(&self, at: Timestamp) -> Self {
        Self {
            to: Addressee::Erased,
            message: self.message.bare(),
            actor_id: None,
            invitation: None,
            state: if self.is_open() {
                MailState::Failed {
                    at,
                    reason: "erased".to_owned(),
                }
            } else {
                self.state.clone()
            },
            not_before: None,
            ..self.clone()
        }
    }

    /// Whether somebody is at it right now.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        matches!(self.state, MailState::Sending { until } if until > now)
    }
}

/// Where a user's e-mail is found that waits for their address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailRef {
    /// The event that caused it.
    pub event_id: Uuid,
    /// Its type.
    pub what: Kind,
}
