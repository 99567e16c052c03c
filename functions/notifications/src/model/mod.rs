//! The rules of notification: no HTTP, no AWS.

pub mod invitation;
pub mod kind;
pub mod mail;
pub mod message;
pub mod notification;
pub mod organization;
pub mod preferences;
pub mod recipient;

pub use invitation::{Invitation, Invited};
pub use kind::{Channel, Kind};
pub use mail::{Addressee, Mail, MailRef, MailState};
pub use message::{Message, Occasion};
pub use notification::{Group, Inbox, Notification};
pub use organization::Member;
pub use preferences::{Channels, Digest, Preferences, QuietHours};
pub use recipient::{Recipient, UnsubscribeClaim};
