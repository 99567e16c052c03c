//! Who is connected with whom, copied from the users group.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use shared::table::{Entity, Key};

/// One side of a connection: what `user_id` knows of `other`. Both sides are
/// written at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Whose.
    pub user_id: UserId,
    /// With whom.
    pub other: UserId,
    /// Whether it is so still; what ended is kept against late news.
    pub connected: bool,
    /// Since when.
    pub since: Timestamp,
}

impl Connection {
    /// What the sort keys of a person's connections begin with.
    pub const PREFIX: &'static str = "CONN#";
}

impl Entity for Connection {
    const KIND: &'static str = "connection";

    fn key(&self) -> Key {
        let (pk, sk) = (format!("USER#{}", self.user_id), self.other);
        Key::new(pk, format!("{}{sk}", Self::PREFIX))
    }
}
