//! Whom a token is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api_key;
use crate::id::{InvalidId, ServiceAccountId, UserId};

/// The `sub` of a token: a person, or, where no person is involved, the client
/// itself (RFC 9068 §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person.
    User(UserId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
}

impl Subject {
    /// The user as which the subject acts.
    pub fn acting(self) -> UserId {
        match self {
            Self::User(id) => id,
            Self::ServiceAccount(id) => api_key::acting(id),
        }
    }
}

impl From<UserId> for Subject {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

impl From<ServiceAccountId> for Subject {
    fn from(id: ServiceAccountId) -> Self {
        Self::ServiceAccount(id)
    }
}

impl PartialEq<UserId> for Subject {
    fn eq(&self, other: &UserId) -> bool {
        *self == Self::User(*other)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::ServiceAccount(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Subject {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse()
            .map(Self::ServiceAccount)
            .or_else(|_| text.parse().map(Self::User))
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
