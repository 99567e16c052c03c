//! What the table holds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::KEYS;
use crate::api_key::ServiceAccess;
use crate::id::{OrganizationId, SessionId, UserId};
use crate::principal::{PlatformRole, Role};
use crate::table::{Entity, Key, Query};

/// The public half of a signing key (P-256, RFC 7518 §6.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Key id.
    pub kid: String,
    /// The point's x, base64url.
    pub x: String,
    /// The point's y, base64url.
    pub y: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When the last token that it signed has expired, once another took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires_at: Option<Timestamp>,
}

impl SigningKey {
    /// Where the key with an id is kept.
    pub fn key_of(kid: &str) -> Key {
        Key::new(KEYS, kid)
    }
}

impl Entity for SigningKey {
    const KIND: &'static str = "signing-key";

    fn key(&self) -> Key {
        Self::key_of(&self.kid)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.retires_at
    }
}

pub(super) fn user_partition(user: UserId) -> String {
    format!("USER#{user}")
}

/// A person's standing on the platform; absent means an ordinary user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserAccess {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub platform_role: PlatformRole,
    /// Whether every token of the person is refused.
    pub suspended: bool,
    /// Whether that is for no other reason than that the person wants the
    /// account deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
}

impl UserAccess {
    /// Of somebody of whom nobody said anything.
    pub fn ordinary(user_id: UserId) -> Self {
        Self {
            user_id,
            platform_role: PlatformRole::User,
            suspended: false,
            leaving: false,
        }
    }

    /// Where the standing of a person is kept.
    pub fn key_of(user: UserId) -> Key {
        Key::new(user_partition(user), "USER")
    }
}

impl Entity for UserAccess {
    const KIND: &'static str = "user-access";

    fn key(&self) -> Key {
        Self::key_of(self.user_id)
    }
}

/// A person's role in an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// Who.
    pub user_id: UserId,
    /// Where.
    pub organization_id: OrganizationId,
    /// As what.
    pub role: Role,
}

impl Membership {
    /// Where the membership of a person in an organisation stands.
    pub fn key_of(user: UserId, organization: OrganizationId) -> Key {
        Key::new(user_partition(user), format!("ORG#{organization}"))
    }

    /// Every membership of a person, consistently.
    pub fn all_of(user: UserId) -> Query {
        Query::partition(user_partition(user))
            .begins_with("ORG#")
            .consistent()
    }
}

impl Entity for Membership {
    const KIND: &'static str = "membership";

    fn key(&self) -> Key {
        Self::key_of(self.user_id, self.organization_id)
    }
}

/// A session whose tokens are refused although they have not expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokedSession {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub session_id: SessionId,
    /// When its last access token has expired and this may be forgotten.
    pub until: Timestamp,
}

impl Entity for RevokedSession {
    const KIND: &'static str = "revoked-session";

    fn key(&self) -> Key {
        Key::new(
            user_partition(self.user_id),
            format!("SESSION#{}", self.session_id),
        )
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Entry {
    UserAccess(UserAccess),
    Membership(Membership),
    RevokedSession(RevokedSession),
    ServiceAccess(ServiceAccess),
}

impl Entity for Entry {
    const KIND: &'static str = "access";

    fn key(&self) -> Key {
        match self {
            Self::UserAccess(entry) => entry.key(),
            Self::Membership(entry) => entry.key(),
            Self::RevokedSession(entry) => entry.key(),
            Self::ServiceAccess(entry) => entry.key(),
        }
    }
}
