//! Sessions, letters, and the ways to sign in by a provider.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    id::{SessionId, UserId},
    table::{Entity, Key},
};

use super::{nowhere, user};
use crate::model::{
    flow::Flow,
    identity::{Identity, subject_fingerprint},
    mailed::{Link, LinkUse},
    provider::ProviderName,
    session::Session,
};

pub(in crate::store) const SESSION: &str = "SESSION#";

pub(in crate::store) fn session(user_id: UserId, id: SessionId) -> Key {
    Key::new(user(user_id), format!("{SESSION}{id}"))
}

pub(in crate::store) fn link(user_id: UserId, purpose: LinkUse) -> Key {
    Key::new(user(user_id), format!("LINK#{}", purpose.name()))
}

pub(in crate::store) fn code_tries(user_id: UserId, now: Timestamp) -> Key {
    let day = now.strftime("%Y-%m-%d");
    Key::new(user(user_id), format!("CODE-TRIES#{day}"))
}

pub(in crate::store) const IDENTITY: &str = "IDENTITY#";

pub(in crate::store) fn identity(user_id: UserId, provider: ProviderName) -> Key {
    Key::new(user(user_id), format!("{IDENTITY}{provider}"))
}

pub(in crate::store) fn subject(provider: ProviderName, subject: &str) -> Key {
    let fingerprint = subject_fingerprint(provider, subject);
    Key::new(format!("{IDENTITY}{fingerprint}"), "CLAIM")
}

pub(in crate::store) fn flow(id: &str) -> Key {
    Key::new(format!("OAUTH#{id}"), "FLOW")
}

impl Entity for Session {
    const KIND: &'static str = "session";

    fn key(&self) -> Key {
        session(self.user_id, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl Entity for Link {
    const KIND: &'static str = "link";

    fn key(&self) -> Key {
        link(self.user_id, self.purpose)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl Entity for Identity {
    const KIND: &'static str = "identity";

    fn key(&self) -> Key {
        identity(self.user_id, self.provider)
    }
}

impl Entity for Flow {
    const KIND: &'static str = "oauth-flow";

    fn key(&self) -> Key {
        flow(&self.id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// Weighs as much as the event of a letter and says nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct Padding {
    #[serde(skip, default = "nowhere")]
    key: Key,
    text: String,
    #[serde(skip)]
    until: Option<Timestamp>,
}

impl Padding {
    pub(in crate::store) fn new(link: &Link, text: &str) -> Self {
        Self {
            key: Key::new(user(link.user_id), "PADDING"),
            text: text.to_owned(),
            until: Some(link.expires_at),
        }
    }
}

impl Entity for Padding {
    const KIND: &'static str = "padding";

    fn key(&self) -> Key {
        self.key.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.until
    }
}
