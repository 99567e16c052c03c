//! The notifications table: keys, and one method per access pattern.
//!
//! | item | pk | sk | index |
//! |---|---|---|---|
//! | entry of an inbox | `USER#<user>` | `NTF#<id>` | |
//! | inbox | `USER#<user>` | `INBOX` | |
//! | collecting entry of a group | `USER#<user>` | `GROUP#<group>` | |
//! | preferences | `USER#<user>` | `PREFERENCES` | |
//! | recipient | `USER#<user>` | `RECIPIENT` | |
//! | membership | `ORG#<organisation>` | `MEMBER#<user>` | gsi1 `APPROVERS#<organisation>` |
//! | e-mail, or that there is none for this event | `MAIL#<event>` | `<user or ADDRESS>#<type>` | gsi1 `DUE#<shard>`, deferred and open |
//! | refused address | `ADDRESS#<hash>` | `REFUSED` | |

mod delivery;
mod inbox;
mod mails;
mod people;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::digest;
use shared::id::{NotificationId, OrganizationId, UserId};
use shared::table::{Entity, Indexes, Key, Table};
use uuid::Uuid;

pub use delivery::{Delivered, Notice};
pub use inbox::{Filter, Mark, Page};

use crate::model::mail::RETENTION;
use crate::model::{
    Addressee, Group, Inbox, Kind, Mail, Member, Notification, Preferences, Recipient,
};

/// Partitions that deferred e-mails are spread over.
const DUE_SHARDS: u8 = 4;

/// The notifications table.
#[derive(Debug, Clone)]
pub struct Store {
    table: Table,
}

impl Store {
    /// On top of `table`.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// The time, by the table's clock.
    pub fn now(&self) -> Timestamp {
        self.table.clock().now()
    }
}

/// Waits a moment after others were faster; `false` when it is time to give up.
async fn again(cx: &Context, attempt: u32) -> bool {
    let wait = Duration::from_millis(4 << attempt.min(6));
    let [jitter] = digest::random::<1>().unwrap_or([128]);
    let wait = wait.mul_f64(0.5 + f64::from(jitter) / 255.0);
    if attempt >= 20 || cx.remaining() < wait + Duration::from_millis(100) {
        return false;
    }
    tokio::time::sleep(wait).await;
    true
}

fn user(id: UserId) -> String {
    format!("USER#{id}")
}

fn entry_key(owner: UserId, id: NotificationId) -> Key {
    Key::new(user(owner), format!("NTF#{id}"))
}

fn inbox_key(owner: UserId) -> Key {
    Key::new(user(owner), "INBOX")
}

fn group_key(owner: UserId, group: &str) -> Key {
    Key::new(user(owner), format!("GROUP#{group}"))
}

fn preferences_key(owner: UserId) -> Key {
    Key::new(user(owner), "PREFERENCES")
}

fn recipient_key(id: UserId) -> Key {
    Key::new(user(id), "RECIPIENT")
}

fn approvers(organization: OrganizationId) -> String {
    format!("APPROVERS#{organization}")
}

fn member_key(organization: OrganizationId, user: UserId) -> Key {
    Key::new(format!("ORG#{organization}"), format!("MEMBER#{user}"))
}

fn mail_partition(event: Uuid) -> String {
    format!("MAIL#{event}")
}

fn mail_key(event: Uuid, to: &Addressee, kind: Kind) -> Key {
    let sk = match to {
        Addressee::User(id) => format!("{id}#{kind}"),
        Addressee::Address(_) => format!("ADDRESS#{kind}"),
    };
    Key::new(mail_partition(event), sk)
}

fn due_partition(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// Sorts as the times do: milliseconds of a fixed width.
fn due_sort(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond())
}

impl Entity for Notification {
    const KIND: &'static str = "notification";

    fn key(&self) -> Key {
        entry_key(self.user_id, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Inbox {
    const KIND: &'static str = "inbox";

    fn key(&self) -> Key {
        inbox_key(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Group {
    const KIND: &'static str = "group";

    fn key(&self) -> Key {
        group_key(self.user_id, &self.group)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

impl Entity for Preferences {
    const KIND: &'static str = "preferences";

    fn key(&self) -> Key {
        preferences_key(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Recipient {
    const KIND: &'static str = "recipient";

    fn key(&self) -> Key {
        recipient_key(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Member {
    const KIND: &'static str = "member";

    fn key(&self) -> Key {
        member_key(self.organization_id, self.user_id)
    }

    fn indexes(&self) -> Indexes {
        let key = || Key::new(approvers(self.organization_id), self.user_id.to_string());
        Indexes {
            gsi1: self.approves().then(key),
            gsi2: None,
        }
    }
}

impl Entity for Mail {
    const KIND: &'static str = "mail";

    fn key(&self) -> Key {
        mail_key(self.event_id, &self.to, self.kind())
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn indexes(&self) -> Indexes {
        let due = |at: Timestamp| {
            // What goes to one person lies together.
            let whose = self.user_id().map_or(self.event_id, UserId::uuid);
            let shard = whose.as_bytes()[15] % DUE_SHARDS;
            let sk = format!("{}#{whose}#{}", due_sort(at), self.event_id);
            Key::new(due_partition(shard), sk)
        };
        let gsi1 = self.not_before.filter(|_| self.is_open()).map(due);
        Indexes { gsi1, gsi2: None }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.created_at + RETENTION)
    }
}

/// An address that the mail service refused for good.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    /// See [`Refused::hash`].
    address: String,
    /// Since when.
    at: Timestamp,
}

impl Refused {
    /// Addresses are compared without regard to case and kept as hashes.
    fn hash(address: &str) -> String {
        digest::sha256(&[address.trim().to_lowercase().as_bytes()])
    }

    fn key_of(hash: &str) -> Key {
        Key::new(format!("ADDRESS#{hash}"), "REFUSED")
    }
}

impl Entity for Refused {
    const KIND: &'static str = "refused-address";

    fn key(&self) -> Key {
        Self::key_of(&self.address)
    }
}
