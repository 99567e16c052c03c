//! What stands in the table, one typed key per entity.
//!
//! | what | pk | sk |
//! |---|---|---|
//! | [`Member`] | `USER#<user>` | `MEMBER` |
//! | [`Saved`] | `USER#<user>` | `SAVED#<event>` |
//! | [`Answered`] | `USER#<user>` | `ANSWERS#<event>` |
//! | [`Attendance`] | `USER#<user>` | `ATTENDS#<event>` |
//! | [`Results`] | `MATCHES#<user>` | `<event>` or `ALL` |
//! | [`Badge`] | `EVENT#<event>#<shard>` | `<user>` |
//! | [`EventCopy`] | `EVENT#<event>` | `EVENT` |
//! | [`Settings`] | `EVENT#<event>` | `SETTINGS` |
//! | [`Run`](super::event_items::Run) | `RUN#<run>` | `RUN` |
//! | [`Erased`](shared::personal::Erased) | `ERASED#<user>` | `ERASED` |

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::id::{EventId, RegistrationId, UserId};
use shared::table::{Entity, Key};

use super::event_items::{EventCopy, Settings};
use crate::model::profile::Profile;

/// The people of an event are spread over so many partitions, which are read
/// side by side.
pub const SHARDS: u8 = 4;
/// How long after its begin people can still be matched over an event.
const KEPT: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How long a removed entry keeps older events from bringing it back: longer
/// than anything can come again.
const TOMBSTONE: SignedDuration = SignedDuration::from_hours(35 * 24);

pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A person, with or without a networking profile.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Guards everything in the person's partition.
    pub version: u64,
    /// Counts the changes that change scores or what matches are shown.
    pub stamp: u64,
    /// The copied name.
    #[serde(default)]
    pub name: Option<String>,
    /// The version of the account that the name comes from.
    #[serde(default)]
    pub name_sequence: u64,
    /// What the person tells about themselves.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// The 512-number vector, as signed bytes.
    #[serde(default)]
    pub vector: Option<ByteBuf>,
    /// When the profile was last set.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

impl Member {
    /// Nothing known yet.
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            version: 0,
            stamp: 0,
            name: None,
            name_sequence: 0,
            profile: None,
            vector: None,
            updated_at: None,
        }
    }
}

/// The partition of everything about a person.
pub fn user_partition(user: UserId) -> String {
    format!("USER#{user}")
}

impl Entity for Member {
    const KIND: &'static str = "member";

    fn key(&self) -> Key {
        Key::new(user_partition(self.user_id), "MEMBER")
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// An event that a person saved, or did until `saved` became false.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// Who.
    pub user_id: UserId,
    /// What.
    pub event_id: EventId,
    /// The count of the person's changes that this comes from.
    pub sequence: u64,
    /// Whether it still is.
    pub saved: bool,
    /// The event's title.
    pub title: String,
    /// The event's tags.
    pub tags: Vec<String>,
    /// When that was.
    pub at: Timestamp,
}

impl Entity for Saved {
    const KIND: &'static str = "saved";

    fn key(&self) -> Key {
        Key::new(
            user_partition(self.user_id),
            format!("SAVED#{}", self.event_id),
        )
    }

    fn expires_at(&self) -> Option<Timestamp> {
        (!self.saved).then(|| later(self.at, TOMBSTONE))
    }
}

/// Answers at an event that a person lets the matching use; none where the
/// consent ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// Who.
    pub user_id: UserId,
    /// Where.
    pub event_id: EventId,
    /// The count of what became of the registration that this comes from.
    pub sequence: u64,
    /// The answers, as terms.
    pub answers: Vec<String>,
    /// When the event begins.
    pub starts_at: Timestamp,
    /// When that was.
    pub at: Timestamp,
}

impl Entity for Answered {
    const KIND: &'static str = "answered";

    fn key(&self) -> Key {
        Key::new(
            user_partition(self.user_id),
            format!("ANSWERS#{}", self.event_id),
        )
    }

    fn expires_at(&self) -> Option<Timestamp> {
        let tombstone = later(self.at, TOMBSTONE);
        Some(if self.answers.is_empty() {
            tombstone
        } else {
            later(self.starts_at, KEPT).max(tombstone)
        })
    }
}

/// A person's registration for an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attendance {
    /// Who.
    pub user_id: UserId,
    /// For what.
    pub event_id: EventId,
    /// By which registration: a later one has a greater id.
    pub registration_id: RegistrationId,
    /// The version of that registration.
    pub sequence: u64,
    /// Whether the person has a place; not so on the waitlist.
    pub attending: bool,
    /// Whether the person may have a badge there: at most 80 events at once.
    pub matched: bool,
    /// When the event begins.
    pub starts_at: Timestamp,
    /// When this was.
    pub at: Timestamp,
}

impl Entity for Attendance {
    const KIND: &'static str = "attendance";

    fn key(&self) -> Key {
        Key::new(
            user_partition(self.user_id),
            format!("ATTENDS#{}", self.event_id),
        )
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(later(self.starts_at, KEPT).max(later(self.at, TOMBSTONE)))
    }
}

/// What an attendee of an event shows: the packed card, and a few lines.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    /// Where.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// The member's stamp.
    pub stamp: u64,
    /// The packed card.
    pub card: ByteBuf,
    /// The person's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The profile's one line.
    #[serde(default)]
    pub headline: Option<String>,
    /// The profile's company.
    #[serde(default)]
    pub company: Option<String>,
    /// The profile's roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// When it goes.
    pub until: Timestamp,
}

/// One of the partitions of an event's people.
pub fn badge_partition(event: EventId, shard: u8) -> String {
    format!("EVENT#{event}#{shard}")
}

/// Where a person's badge for an event stands.
pub fn badge_key(event: EventId, user: UserId) -> Key {
    let [.., last] = *user.uuid().as_bytes();
    Key::new(badge_partition(event, last % SHARDS), user.to_string())
}

impl Entity for Badge {
    const KIND: &'static str = "badge";

    fn key(&self) -> Key {
        badge_key(self.event_id, self.user_id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

/// A person's ranked matches, kept for a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Results {
    /// Whose.
    pub owner: UserId,
    /// For one event, or over all of them.
    #[serde(default)]
    pub event_id: Option<EventId>,
    /// The member's stamp (for one event) or version (over all) that they rest on.
    pub basis: u64,
    /// The version of the event's settings that they rest on.
    pub settings: u64,
    /// When they were reckoned.
    pub computed_at: Timestamp,
    /// Until when they serve.
    pub until: Timestamp,
    /// Per match 16 bytes of the user's id, 16 of the event's, 4 of the score.
    pub found: ByteBuf,
}

/// The partition of a person's results.
pub fn results_partition(owner: UserId) -> String {
    format!("MATCHES#{owner}")
}

/// Where a person's results stand.
pub fn results_key(owner: UserId, event: Option<EventId>) -> Key {
    let sk = event.map_or_else(|| "ALL".to_owned(), |event| event.to_string());
    Key::new(results_partition(owner), sk)
}

impl Entity for Results {
    const KIND: &'static str = "results";

    fn key(&self) -> Key {
        results_key(self.owner, self.event_id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

/// Whatever stands in a person's or an event's partition, told apart by its
/// kind: one read brings all that a request needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Row {
    /// See [`Member`].
    Member(Box<Member>),
    /// See [`Saved`].
    Saved(Saved),
    /// See [`Answered`].
    Answered(Answered),
    /// See [`Attendance`].
    Attendance(Attendance),
    /// See [`EventCopy`].
    Event(EventCopy),
    /// See [`Settings`].
    Settings(Settings),
    /// See [`Results`].
    Results(Results),
}

impl Entity for Row {
    const KIND: &'static str = "row";

    fn key(&self) -> Key {
        match self {
            Self::Member(item) => item.key(),
            Self::Saved(item) => item.key(),
            Self::Answered(item) => item.key(),
            Self::Attendance(item) => item.key(),
            Self::Event(item) => item.key(),
            Self::Settings(item) => item.key(),
            Self::Results(item) => item.key(),
        }
    }
}
