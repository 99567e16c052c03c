//! What attendees are told of changes: everything that changed within some
//! minutes in one notice, and nothing when it was changed back.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId};
use shared::table::{Entity, Indexes, Key, Position};

use super::details::Details;
use super::event::Event;
use super::place::Venue;
use super::status::Status;

/// How long after the last change the notice goes out.
const QUIET: SignedDuration = SignedDuration::from_mins(5);
/// How long after the first change at the latest.
const LATEST: SignedDuration = SignedDuration::from_mins(20);

/// What an attendee must know to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhenAndWhere {
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The venue.
    #[serde(default)]
    pub venue: Option<Venue>,
    /// The room.
    #[serde(default)]
    pub room: Option<String>,
}

impl From<&Details> for WhenAndWhere {
    fn from(details: &Details) -> Self {
        Self {
            starts_at: details.starts_at,
            ends_at: details.ends_at,
            venue: details.venue.clone(),
            room: details.room.clone(),
        }
    }
}

impl WhenAndWhere {
    /// The names of the fields that differ.
    pub fn changed(&self, now: &Self) -> Vec<String> {
        [
            ("startsAt", self.starts_at == now.starts_at),
            ("endsAt", self.ends_at == now.ends_at),
            ("venue", self.venue == now.venue),
            ("room", self.room == now.room),
        ]
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(name, _)| name.to_owned())
        .collect()
    }
}

/// How far a notice has got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The registrations are done; now come those who keep the event.
    #[serde(default)]
    pub saved: bool,
    /// The last item that is done: its sort key, and that in the index.
    #[serde(default)]
    pub last: Option<(Key2, Option<String>)>,
}

/// A primary key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key2(pub String, pub String);

impl Progress {
    /// Where to go on.
    pub fn position(&self) -> Option<Position> {
        let (Key2(pk, sk), index_sk) = self.last.clone()?;
        Some(Position {
            key: Key::new(pk, sk),
            index_sk,
        })
    }

    /// Goes on there; at the beginning if nowhere.
    pub fn at(position: Option<Position>) -> Self {
        position.map_or_else(Self::default, |position| Self::until(false, position))
    }

    /// Done up to there.
    pub fn until(saved: bool, position: Position) -> Self {
        let key = Key2(position.key.pk, position.key.sk);
        Self {
            saved,
            last: Some((key, position.index_sk)),
        }
    }
}

/// A notice that is due, or will be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeNotice {
    /// Of which event.
    pub event_id: EventId,
    /// How it was before the first change.
    pub before: WhenAndWhere,
    /// Whether it was called off: attendees hear that by their registrations,
    /// so this is for those who keep it.
    #[serde(default)]
    pub cancelled: bool,
    /// Who changed it last: needs no notice.
    #[serde(default)]
    pub actor_id: Option<UserId>,
    /// The first change.
    pub since: Timestamp,
    /// When it goes out.
    pub due_at: Timestamp,
    /// How far it has got.
    #[serde(default)]
    pub progress: Progress,
    /// Every field that was changed since.
    #[serde(default)]
    pub touched: BTreeSet<String>,
    /// It was on its way when the event changed again: some people know of a
    /// state in between, so that changing back has to be told too.
    #[serde(default)]
    pub again: bool,
    /// Counts the changes.
    pub version: u64,
}

impl ChangeNotice {
    /// Where the notice of an event is kept.
    pub fn key_of(event: EventId) -> Key {
        Key::new(format!("EVENT#{event}"), "NOTICE")
    }

    /// The notice after a change, or nothing if nobody has to hear of it.
    /// `waiting` is the one that waits already.
    pub fn after(
        waiting: Option<&Self>,
        before: &Event,
        after: &Event,
        actor_id: Option<UserId>,
        now: Timestamp,
    ) -> Option<Self> {
        if before.status != Status::Published {
            return None;
        }
        let cancelled = after.status == Status::Cancelled;
        let known = WhenAndWhere::from(&before.details);
        let changed = known.changed(&WhenAndWhere::from(&after.details));
        if !cancelled && (changed.is_empty() || after.status != Status::Published) {
            return None;
        }
        let again =
            waiting.is_some_and(|waiting| waiting.again || waiting.progress != Progress::default());
        let mut touched = waiting.map_or_else(BTreeSet::new, |waiting| waiting.touched.clone());
        touched.extend(changed);
        let since = waiting.map_or(now, |waiting| waiting.since);
        Some(Self {
            event_id: before.id,
            before: waiting.map_or(known, |waiting| waiting.before.clone()),
            cancelled,
            actor_id,
            since,
            due_at: if cancelled {
                now
            } else {
                (now + QUIET).min((since + LATEST).max(now))
            },
            progress: Progress::default(),
            touched,
            again,
            version: waiting.map_or(0, |waiting| waiting.version),
        })
    }

    /// The fields to tell of: what differs now from before, or everything that
    /// was touched where some know of a state in between.
    pub fn changed(&self, now: &Details) -> Vec<String> {
        if self.again {
            self.touched.iter().cloned().collect()
        } else {
            self.before.changed(&WhenAndWhere::from(now))
        }
    }
}

impl Entity for ChangeNotice {
    const KIND: &'static str = "change-notice";

    fn key(&self) -> Key {
        Self::key_of(self.event_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    /// `gsi1` lists what is due, by time.
    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: Some(Key::new(
                "NOTICES",
                format!("{}#{}", self.due_at, self.event_id),
            )),
            gsi2: None,
        }
    }
}
