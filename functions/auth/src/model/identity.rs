//! Identities: who somebody is at a provider.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{digest::sha256, id::UserId};

use super::{account::Address, email::Email, provider::ProviderName};

/// What a provider says of a person, verified.
#[derive(Clone)]
pub struct Person {
    /// Who, at this provider; it never changes.
    pub subject: String,
    /// The address, if there is one that we could write to.
    pub email: Option<Email>,
    /// Whether the provider vouches for the address: it was the person's once.
    pub email_verified: bool,
    /// The domain whose mailboxes the provider runs for the person's employer,
    /// if it says one.
    pub hosted_domain: Option<String>,
    /// The full name.
    pub name: Option<String>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

/// The link of an account to a person at a provider.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Whose account.
    pub user_id: UserId,
    /// Where.
    pub provider: ProviderName,
    /// Who, there.
    pub subject: String,
    /// The address there, to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Address>,
    /// Since when.
    pub linked_at: Timestamp,
    /// The last sign-in by it.
    pub used_at: Timestamp,
    /// What the provider lets us do, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<String>,
}

impl Identity {
    /// A link made now.
    pub fn new(
        user_id: UserId,
        provider: ProviderName,
        person: &Person,
        tokens: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            user_id,
            provider,
            subject: person.subject.clone(),
            email: address(person),
            linked_at: now,
            used_at: now,
            tokens,
        }
    }
}

/// The address at the provider, as it is kept.
pub fn address(person: &Person) -> Option<Address> {
    let email = person.email.as_ref()?;
    Some(Address(email.as_str().to_owned()))
}

/// What the store knows a person at a provider by.
pub fn subject_fingerprint(provider: ProviderName, subject: &str) -> String {
    sha256(&[provider.name().as_bytes(), subject.as_bytes()])
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("user_id", &self.user_id)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}
