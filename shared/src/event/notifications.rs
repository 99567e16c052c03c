//! What notifications publishes.

use serde::{Deserialize, Serialize};

use super::contract;
use crate::id::{NotificationId, UserId};

macro_rules! notification_event {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Which.
            pub notification_id: NotificationId,
            /// Whose inbox.
            pub user_id: UserId,
            /// The type of notification, as in the inbox.
            pub kind: String,
            /// `in-app` or `email`.
            pub channel: String,
            /// Why it failed, if it did.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub reason: Option<String>,
        }
        contract!($name, $kind, "notifications", notification_id);
    };
}

notification_event!(
    /// An entry stands in an inbox.
    NotificationCreated,
    "notification.created"
);
notification_event!(
    /// A channel took the message.
    NotificationDelivered,
    "notification.delivered"
);
notification_event!(
    /// A channel refused the message for good.
    NotificationFailed,
    "notification.failed"
);
