//! What users publishes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::contract;
use crate::id::{ConnectionId, UserId};

/// A person's profile changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserProfileUpdated {
    /// Who.
    pub user_id: UserId,
    /// The changed fields with their new values.
    pub changes: Map<String, Value>,
}
contract!(UserProfileUpdated, "user.profile.updated", "users", user_id);

macro_rules! connection_event {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Which.
            pub connection_id: ConnectionId,
            /// The two of them, in no order.
            pub users: [UserId; 2],
        }
        contract!($name, $kind, "users", connection_id);
    };
}

connection_event!(
    /// Two people are connected. Its `sequence` counts what became of these
    /// two, whoever asked whom.
    ConnectionAccepted,
    "connection.accepted"
);
connection_event!(
    /// Two people are connected no more; its `sequence` goes on from the other.
    ConnectionRemoved,
    "connection.removed"
);
