//! Accounts and their credentials.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{OrganizationId, UserId};

/// A person's account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Counts its changes.
    pub version: u64,
    /// The normalised address.
    pub email: Address,
    /// Whether the person proved to own the address.
    pub email_verified: bool,
    /// The full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The unique handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the person works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When the person last signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<Timestamp>,
    /// The organisation that access tokens name as `org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_organization_id: Option<OrganizationId>,
}

/// An address as kept: readable, but never in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(pub String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What a password is checked against.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Whose it is.
    pub user_id: UserId,
    /// Counts its changes.
    pub version: u64,
    /// The PHC string.
    pub hash: String,
    /// When the password was chosen, or an administrator last wanted another or
    /// no longer did: what was begun with it before ends with it.
    pub changed_at: Timestamp,
    /// Whether an administrator wants another one: until then it signs nobody in.
    #[serde(default)]
    pub reset_required: bool,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// The password of an account when a proof was judged: whoever takes the account
/// back changes it, and what rests on the old one is not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenPassword {
    /// Whose.
    pub user_id: UserId,
    /// [`Credential::changed_at`]; nothing if there was no password.
    #[serde(default)]
    pub changed_at: Option<Timestamp>,
}

impl SeenPassword {
    /// The password of this account, as it was read.
    pub fn of(user_id: UserId, credential: Option<&Credential>) -> Self {
        Self {
            user_id,
            changed_at: credential.map(|credential| credential.changed_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_29_hash_and_address_stay_out_of_debug_output() {
        let credential = Credential {
            user_id: UserId::new(),
            version: 1,
            hash: "$argon2id$secret".into(),
            changed_at: Timestamp::UNIX_EPOCH,
            reset_required: false,
        };
        assert!(!format!("{credential:?}").contains("secret"));
        assert!(!format!("{:?}", Address("ada@example.org".into())).contains("ada"));
    }
}
