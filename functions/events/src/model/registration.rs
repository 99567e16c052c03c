//! A person's registration for an event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::digest;
use shared::id::{EventId, RegistrationId, UserId};
use shared::table::{Entity, Indexes, Key};
use utoipa::ToSchema;

use super::answers::Answers;
use super::transfer::Transfer;

/// Where a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationStatus {
    /// Has a place.
    Confirmed,
    /// Waits for one.
    Waitlisted,
    /// Was offered one, which is held until the offer ends.
    Offered,
    /// Given up, or the event was cancelled.
    Cancelled,
    /// Came.
    CheckedIn,
}

impl RegistrationStatus {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Waitlisted => "waitlisted",
            Self::Offered => "offered",
            Self::Cancelled => "cancelled",
            Self::CheckedIn => "checked_in",
        }
    }

    /// Whether it holds a place.
    pub const fn holds_place(self) -> bool {
        matches!(self, Self::Confirmed | Self::CheckedIn | Self::Offered)
    }

    /// Whether its people may come in.
    pub const fn may_enter(self) -> bool {
        matches!(self, Self::Confirmed | Self::CheckedIn)
    }
}

/// Somebody whom the organiser registered by address, before there is an
/// account that has claimed the registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    /// The name, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    pub email: String,
}

impl Guest {
    /// The id that stands for somebody without an account, always the same for
    /// an event and an address: so that nobody is registered twice.
    pub fn stand_in(event: EventId, email: &str) -> UserId {
        let hash = digest::sha256(&[b"guest", event.to_string().as_bytes(), email.as_bytes()]);
        let bits = digest::from_base64url(&hash).unwrap_or_default();
        let bits = bits
            .iter()
            .take(16)
            .fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
        UserId::from_uuid(uuid::Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid())
    }
}

/// The spelling of an address that identifies it, if it is one: mail systems
/// take upper and lower case for the same.
pub fn address(text: &str) -> Option<String> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"@".contains(c);
    let label = |label: &str| {
        let inner = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        !label.is_empty()
            && label.len() <= 63
            && inner
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let local_fits = !local.is_empty() && local.len() <= 64 && !local.contains(bad);
    let normal = format!("{local}@{domain}").to_lowercase();
    let fits =
        local_fits && domain.contains('.') && domain.split('.').all(label) && normal.len() <= 254;
    fits.then_some(normal)
}

pub(super) fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// One per person and event; registering again after giving up goes on with
/// the same item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Which.
    pub id: RegistrationId,
    /// For what.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// Where it stands.
    pub status: RegistrationStatus,
    /// Since when it exists, or exists again.
    pub created_at: Timestamp,
    /// The last change.
    pub updated_at: Timestamp,
    /// When the person came.
    #[serde(default)]
    pub checked_in_at: Option<Timestamp>,
    /// The place in the order of waiting.
    #[serde(default)]
    pub waiting: Option<String>,
    /// The ticket type; `""` where the event has none.
    #[serde(default)]
    pub ticket_type: String,
    /// For how many people.
    #[serde(default = "one")]
    pub quantity: u32,
    /// The answers to the organiser's questions.
    #[serde(default)]
    pub answers: Answers,
    /// Whether the answers may be used for matchmaking.
    #[serde(default)]
    pub matchmaking_consent: bool,
    /// Whether connections may know that the person goes there.
    #[serde(default)]
    pub visible_to_connections: bool,
    /// Until when a place is offered.
    #[serde(default)]
    pub offered_until: Option<Timestamp>,
    /// To whom it is being handed over.
    #[serde(default)]
    pub transfer: Option<Transfer>,
    /// How often it was offered to others.
    #[serde(default)]
    pub transfers: u32,
    /// To which users it was offered, by whoever has it: a trace at each of them
    /// leads here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered_to: Vec<UserId>,
    /// Who took over what a guest had; it is cancelled then.
    #[serde(default)]
    pub handed_to: Option<UserId>,
    /// Whom the organiser registered by address; `userId` stands for nobody then.
    #[serde(default)]
    pub guest: Option<Guest>,
    /// Since when the account of the person is deleted: `userId` stands for
    /// nobody then, and what is left counts for the organiser.
    #[serde(default)]
    pub account_deleted_at: Option<Timestamp>,
    /// Whether the person wants it: not while only an organiser said so.
    #[serde(default = "yes")]
    pub accepted: bool,
    /// Counts the changes.
    pub version: u64,
}

impl Registration {
    /// Where the registration of a person for an event is kept.
    pub fn key_of(event: EventId, user: UserId) -> Key {
        Key::new(format!("EVENT#{event}"), format!("REG#{user}"))
    }

    /// A registration that is just made.
    pub fn new(
        event_id: EventId,
        user_id: UserId,
        status: RegistrationStatus,
        now: Timestamp,
    ) -> Self {
        Self {
            id: RegistrationId::new(),
            event_id,
            user_id,
            status,
            created_at: now,
            updated_at: now,
            checked_in_at: None,
            waiting: None,
            ticket_type: String::new(),
            quantity: 1,
            answers: Answers::new(),
            matchmaking_consent: false,
            visible_to_connections: false,
            offered_until: None,
            transfer: None,
            transfers: 0,
            offered_to: Vec::new(),
            handed_to: None,
            guest: None,
            account_deleted_at: None,
            accepted: true,
            version: 0,
        }
    }

    /// Whether somebody with an account has it, who can be told of it.
    pub fn has_account(&self) -> bool {
        self.guest.is_none() && self.account_deleted_at.is_none()
    }

    /// What an organiser's record keeps of it when the account is deleted: that
    /// somebody had the places and came, not who.
    pub fn anonymous(&self, now: Timestamp) -> Self {
        Self {
            id: self.id,
            checked_in_at: self.checked_in_at,
            ticket_type: self.ticket_type.clone(),
            quantity: self.quantity,
            account_deleted_at: Some(now),
            created_at: self.created_at,
            updated_at: now,
            ..Self::new(self.event_id, UserId::new(), self.status, now)
        }
    }

    /// In another status.
    pub fn turned(&self, status: RegistrationStatus, now: Timestamp) -> Self {
        Self {
            status,
            updated_at: now,
            offered_until: None,
            transfer: None,
            ..self.clone()
        }
    }
}

impl Entity for Registration {
    const KIND: &'static str = "registration";

    fn key(&self) -> Key {
        Self::key_of(self.event_id, self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    /// `gsi1` lists a person's registrations, the newest last; `gsi2` the open
    /// offers of all events, in the order in which they end.
    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: self.account_deleted_at.is_none().then(|| {
                let person = format!("USER#{}", self.user_id);
                Key::new(person, format!("REG#{}", self.id))
            }),
            gsi2: self.offered_until.map(|until| {
                let order = format!("{until}#{}#{}", self.event_id, self.user_id);
                Key::new(crate::store::OFFERS, order)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ev_20_addresses_are_read_in_one_spelling() {
        assert_eq!(
            address(" Ada.L@Example.ORG "),
            Some("ada.l@example.org".into())
        );
        let event = EventId::new();
        let of = |text: &str| Guest::stand_in(event, &address(text).unwrap());
        assert_eq!(of("ada@example.org"), of("ADA@example.org"));
        assert_ne!(of("ada@example.org"), of("bob@example.org"));
        for bad in [
            "",
            "a",
            "@b.example",
            "a@b",
            "a b@c.example",
            "a@-b.example",
            "a@b..example",
            "a@bücher.example",
            "a\n@b.example",
        ] {
            assert_eq!(address(bad), None, "{bad:?}");
        }
    }
}
