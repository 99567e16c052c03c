//! Accounts, their passwords and what administrators decided about them.

use jiff::Timestamp;
use shared::{
    digest::sha256,
    id::UserId,
    principal::PlatformRole,
    table::{Entity, Indexes, Key},
};

use super::user;
use crate::model::{
    account::{Account, Credential},
    administration::{Administration, ExternalId},
    email::Email,
};

pub(in crate::store) fn account(id: UserId) -> Key {
    Key::new(user(id), "ACCOUNT")
}

pub(in crate::store) fn credential(id: UserId) -> Key {
    Key::new(user(id), "CREDENTIAL")
}

pub(in crate::store) fn membership_count(id: UserId) -> Key {
    Key::new(user(id), "MEMBERSHIPS")
}

pub(in crate::store) fn administration(id: UserId) -> Key {
    Key::new(user(id), "ADMINISTRATION")
}

pub(in crate::store) fn external(id: &ExternalId) -> Key {
    // Hashed, so that no identity is too long or too odd for a key.
    let hash = sha256(&[id.id.as_bytes()]);
    Key::new(format!("EXTERNAL#{}#{hash}", id.provider), "CLAIM")
}

pub(in crate::store) const USERS: &str = "USERS";
pub(in crate::store) const SUSPENDED: &str = "SUSPENDED";
pub(in crate::store) const DELETING: &str = "DELETING";

/// Where an account stands among those that wait for their deletion.
pub(in crate::store) fn due(at: Timestamp, user: &str) -> String {
    format!("{}#{user}", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

pub(in crate::store) fn role(role: PlatformRole) -> String {
    let name = match role {
        PlatformRole::User => "user",
        PlatformRole::Moderator => "moderator",
        PlatformRole::Admin => "admin",
        PlatformRole::Owner => "owner",
    };
    format!("ROLE#{name}")
}

pub(in crate::store) fn email(email: &Email) -> Key {
    Key::new(format!("EMAIL#{}", email.fingerprint()), "CLAIM")
}

pub(in crate::store) fn username(name: &str) -> Key {
    Key::new(format!("USERNAME#{name}"), "CLAIM")
}

impl Entity for Account {
    const KIND: &'static str = "account";

    fn key(&self) -> Key {
        account(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: Some(Key::new(USERS, self.id.to_string())),
            gsi2: None,
        }
    }
}

impl Entity for Administration {
    const KIND: &'static str = "administration";

    fn key(&self) -> Key {
        administration(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn indexes(&self) -> Indexes {
        let id = self.user_id.to_string();
        let ranked = self.role > PlatformRole::User;
        Indexes {
            gsi1: ranked.then(|| Key::new(role(self.role), id.clone())),
            gsi2: match (&self.deletion, &self.suspension) {
                // In the order of their times; what has begun is listed no more.
                (Some(deletion), _) if !deletion.begun => {
                    Some(Key::new(DELETING, due(deletion.erase_at, &id)))
                }
                (Some(_), _) | (None, None) => None,
                (None, Some(_)) => Some(Key::new(SUSPENDED, id)),
            },
        }
    }
}

impl Entity for Credential {
    const KIND: &'static str = "credential";

    fn key(&self) -> Key {
        credential(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}
