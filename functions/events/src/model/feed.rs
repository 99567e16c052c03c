//! A person's secret calendar: whoever knows its address reads it, so only a
//! hash of the secret is kept.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::digest;
use shared::id::{EventId, FeedId, OrganizationId, UserId};
use shared::problem::Problem;
use shared::table::{Entity, Key};
use utoipa::ToSchema;

use super::event::Event;
use super::ical::Standing;
use super::registration::{Registration, RegistrationStatus};
use super::status::Status;

/// How many calendars a person may have.
pub const MOST_FEEDS: usize = 20;

/// What a calendar shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Include {
    /// Events with a registration, on the waitlist too.
    Registered,
    /// Events that the person keeps.
    Saved,
}

/// The secret of a calendar's address.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// 256 random bits.
    ///
    /// # Errors
    /// 500 when the operating system gives none.
    pub fn new() -> Result<Self, Problem> {
        let bytes = digest::random::<32>()
            .map_err(|_| Problem::internal("the operating system gave no random bytes"))?;
        Ok(Self(digest::base64url(bytes)))
    }

    /// As it stands in an address, with or without `.ics`.
    pub fn of(text: &str) -> Self {
        Self(text.strip_suffix(".ics").unwrap_or(text).to_owned())
    }

    /// For the owner, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        digest::sha256(&[b"feed", self.0.as_bytes()])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feed {
    /// Which.
    pub id: FeedId,
    /// Whose.
    pub user_id: UserId,
    /// What the person calls it; calendars show it.
    pub name: String,
    /// What it shows.
    pub include: Vec<Include>,
    /// Only events of this organisation.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// Only events with one of these tags; empty means all.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// The secret's hash.
    pub hash: String,
}

impl Feed {
    /// Where a person's calendar is kept.
    pub fn key_of(user: UserId, id: FeedId) -> Key {
        Key::new(format!("USER#{user}"), format!("FEED#{id}"))
    }

    /// Whether it shows what the person is or was registered for or keeps.
    pub fn shows(&self, include: Include) -> bool {
        self.include.contains(&include)
    }

    /// Whether an event passes its filters.
    pub fn admits(&self, event: &Event) -> bool {
        self.organization_id
            .is_none_or(|organization| event.organization_id == Some(organization))
            && (self.tags.is_empty()
                || self.tags.iter().any(|tag| event.details.tags.contains(tag)))
    }
}

impl Entity for Feed {
    const KIND: &'static str = "feed";

    fn key(&self) -> Key {
        Self::key_of(self.user_id, self.id)
    }
}

/// Leads from a secret to its calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedDoor {
    /// The secret's hash.
    pub hash: String,
    /// Whose calendar.
    pub user_id: UserId,
    /// Which.
    pub feed_id: FeedId,
}

impl FeedDoor {
    /// Where the way from a secret stands.
    pub fn key_of(hash: &str) -> Key {
        Key::new(format!("FEED#{hash}"), "FEED")
    }
}

impl Entity for FeedDoor {
    const KIND: &'static str = "feed-door";

    fn key(&self) -> Key {
        Self::key_of(&self.hash)
    }
}

/// What an event is to somebody with this registration, if it belongs into the
/// person's calendar at all.
///
/// A registration that the event's cancellation ended still shows, so that the
/// calendar strikes the event out instead of forgetting it; one that the person
/// gave up before does not.
pub fn standing(registration: &Registration, event: &Event) -> Option<Standing> {
    match registration.status {
        RegistrationStatus::Cancelled => (event.status == Status::Cancelled
            && registration.updated_at >= event.updated_at)
            .then_some(Standing::Going),
        status if status.may_enter() => Some(Standing::Going),
        // A place that is offered is not taken yet.
        _ => Some(Standing::Perhaps),
    }
}

/// The ids of events, each once, in order.
pub fn distinct(ids: impl IntoIterator<Item = EventId>) -> Vec<EventId> {
    let mut ids: Vec<EventId> = ids.into_iter().collect();
    ids.sort();
    ids.dedup();
    ids
}
