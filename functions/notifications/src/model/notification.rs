//! The inbox: its entries, what is read, and what is counted.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{NotificationId, UserId};
use uuid::{NoContext, Uuid};

use super::message::Message;

/// A group takes further events for so long; then the next opens a new one,
/// which stands at the top of the inbox again.
pub const GROUP_SPAN: SignedDuration = SignedDuration::from_hours(24);

/// So many entries older than the watermark can be kept as unread.
pub const MAX_KEPT: usize = 200;

/// An entry of a person's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its id; the time in it is `created_at`, so that entries sort by time.
    pub id: NotificationId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it says.
    pub message: Message,
    /// Who set it off last; the name is looked up when it is read, so that it
    /// goes with its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
    /// How many happenings it stands for.
    pub count: u32,
    /// When it came.
    pub created_at: Timestamp,
    /// When a happening was last added.
    pub updated_at: Timestamp,
    /// When it was read; the watermark of the inbox can make it read too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// Counts its changes.
    #[serde(default)]
    pub version: u64,
}

impl Notification {
    /// A new entry of the time `at`.
    pub fn new(user_id: UserId, message: Message, actor_id: Option<UserId>, at: Timestamp) -> Self {
        Self {
            id: id_at(at),
            user_id,
            message,
            actor_id,
            count: 1,
            created_at: at,
            updated_at: at,
            read_at: None,
            version: 0,
        }
    }
}

/// A new id that carries the time `at` (RFC 9562 §5.7).
pub fn id_at(at: Timestamp) -> NotificationId {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    let time = uuid::Timestamp::from_unix(NoContext, seconds, nanos);
    NotificationId::from_uuid(Uuid::new_v7(time))
}

/// The smallest id that is later than the millisecond `at`.
pub fn first_id_after(at: i64) -> NotificationId {
    let millis = u128::try_from(at.saturating_add(1)).unwrap_or(0);
    NotificationId::from_uuid(Uuid::from_u128(millis << 80))
}

/// The millisecond that an id carries.
pub fn millis_of(id: NotificationId) -> i64 {
    i64::try_from(id.uuid().as_u128() >> 80).unwrap_or(i64::MAX)
}

/// What is known of a person's inbox as a whole. Every change of what is read
/// goes through its version, so that the count is always exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// Whose it is.
    pub user_id: UserId,
    /// How many entries are unread.
    pub unread: u32,
    /// The watermark: entries of this millisecond (since 1970) and earlier are
    /// read, but for the kept ones.
    #[serde(default)]
    pub read_through: i64,
    /// Entries under the watermark that were marked unread again.
    #[serde(default)]
    pub kept: BTreeSet<NotificationId>,
    /// Counts its changes.
    #[serde(default)]
    pub version: u64,
}

impl Inbox {
    /// An inbox that nothing has come to yet.
    pub const fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            unread: 0,
            read_through: 0,
            kept: BTreeSet::new(),
            version: 0,
        }
    }

    /// Whether the watermark covers an entry.
    pub fn covers(&self, id: NotificationId) -> bool {
        millis_of(id) <= self.read_through
    }

    /// Whether an entry is unread.
    pub fn is_unread(&self, entry: &Notification) -> bool {
        entry.read_at.is_none() && (!self.covers(entry.id) || self.kept.contains(&entry.id))
    }

    /// When an entry that comes now is dated: never under the watermark, even
    /// if another machine's clock set that a little ahead.
    pub fn arrival(&self, now: Timestamp) -> Timestamp {
        let after = Timestamp::from_millisecond(self.read_through.saturating_add(1));
        after.map_or(now, |after| after.max(now))
    }

    /// An entry came.
    pub fn arrived(&mut self) {
        self.unread = self.unread.saturating_add(1);
    }

    /// An unread entry was read, or removed.
    pub fn settled(&mut self, id: NotificationId) {
        self.kept.remove(&id);
        self.unread = self.unread.saturating_sub(1);
    }

    /// A read entry shall be unread again; `false` when too many are kept.
    pub fn reopened(&mut self, id: NotificationId) -> bool {
        if self.covers(id) {
            if self.kept.len() >= MAX_KEPT {
                return false;
            }
            self.kept.insert(id);
        }
        self.arrived();
        true
    }

    /// Everything up to `through` is read; `later` entries above the new
    /// watermark are unread.
    pub fn read_up_to(&mut self, through: i64, later: u32) {
        self.kept.retain(|id| millis_of(*id) > through);
        self.read_through = self.read_through.max(through);
        let kept = u32::try_from(self.kept.len()).unwrap_or(u32::MAX);
        self.unread = later.saturating_add(kept);
    }
}

/// Which entry collects the happenings of a group at present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Whose inbox it is in.
    pub user_id: UserId,
    /// See [`Message::group`].
    pub group: String,
    /// The collecting entry.
    pub notification_id: NotificationId,
    /// When nobody needs this any more.
    pub until: Timestamp,
}

impl Group {
    /// The group that `entry` begins.
    pub fn begun_by(entry: &Notification) -> Option<Self> {
        Some(Self {
            user_id: entry.user_id,
            group: entry.message.group()?,
            notification_id: entry.id,
            until: entry.created_at + GROUP_SPAN,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn entry(millis: i64) -> Notification {
        let message = Message::Welcome { name: None };
        Notification::new(UserId::new(), message, None, at(millis))
    }

    #[test]
    fn ids_carry_the_time() {
        let id = id_at(at(1_700_000_000_123));
        assert_eq!(millis_of(id), 1_700_000_000_123);
        assert!(id < first_id_after(1_700_000_000_123));
        assert!(id >= first_id_after(1_700_000_000_122));
    }

    proptest! {
        /// NO-03, NO-04: whatever is read, reopened, removed and swept in
        /// whatever order, the count is that of the unread entries.
        #[test]
        fn no_04_the_count_is_exact(steps in proptest::collection::vec((0_u8..5, 0_usize..12, 0_i64..40), 1..60)) {
            let mut inbox = Inbox::new(UserId::new());
            let mut entries: Vec<Notification> = Vec::new();
            for (time, (what, which, before)) in steps.into_iter().enumerate() {
                let now = 1 + i64::try_from(time).unwrap();
                if what == 0 || entries.is_empty() {
                    let arrival = inbox.arrival(at(now));
                    entries.push(entry(arrival.as_millisecond()));
                    inbox.arrived();
                    continue;
                }
                let which = which % entries.len();
                let unread = inbox.is_unread(&entries[which]);
                match what {
                    1 if unread => {
                        entries[which].read_at = Some(at(now));
                        inbox.settled(entries[which].id);
                    }
                    2 if !unread => {
                        entries[which].read_at = None;
                        prop_assert!(inbox.reopened(entries[which].id));
                    }
                    3 => {
                        if unread { inbox.settled(entries[which].id); }
                        entries.remove(which);
                    }
                    4 => {
                        let through = before.max(inbox.read_through);
                        let later = entries.iter().filter(|e| millis_of(e.id) > through && e.read_at.is_none()).count();
                        inbox.read_up_to(before, u32::try_from(later).unwrap());
                    }
                    _ => {}
                }
                let expected = entries.iter().filter(|e| inbox.is_unread(e)).count();
                prop_assert_eq!(inbox.unread as usize, expected);
            }
        }
    }
}
