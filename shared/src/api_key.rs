//! API keys and client secrets: their texts, and what the table `access` keeps
//! of keys.
//!
//! A text reads `plnr_key_<random><check>`: a prefix that scanners of source
//! code recognise, 256 random bits, and a check over both, so that a scanner
//! (and we) can tell a mistyped or invented text without asking anybody.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::id::{ApiKeyId, OrganizationId, ServiceAccountId, UserId};
use crate::limit::Policy;
use crate::network::Networks;
use crate::principal::Role;
use crate::table::{Entity, Key};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of 62 that hold 256 bits.
const RANDOM: usize = 43;
/// Characters that hold 32 bits.
const CHECK: usize = 6;

/// What a secret text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An API key.
    Key,
    /// The secret of a service account.
    ClientSecret,
}

impl Kind {
    /// What the text begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Key => "plnr_key_",
            Self::ClientSecret => "plnr_secret_",
        }
    }

    /// A new text.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub fn generate(self) -> Result<String, ring::error::Unspecified> {
        let random = SystemRandom::new();
        let mut text = self.prefix().to_owned();
        let whole = text.len() + RANDOM;
        let mut bytes = [0; 64];
        while text.len() < whole {
            random.fill(&mut bytes)?;
            // 248 is the largest multiple of 62: beyond it some characters would be likelier.
            let even = bytes.iter().filter(|byte| **byte < 248);
            let missing = whole - text.len();
            text.extend(even.take(missing).map(|byte| letter(u32::from(*byte))));
        }
        let check = check(&text);
        Ok(text + &check)
    }

    /// What is kept of a text; `None` for what cannot be one of this kind.
    pub fn hash(self, text: &str) -> Option<String> {
        let body = text.strip_prefix(self.prefix())?;
        if body.len() != RANDOM + CHECK || !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (random, given) = text.split_at(text.len() - CHECK);
        (check(random) == given)
            .then(|| digest::sha256(&[self.prefix().as_bytes(), text.as_bytes()]))
    }

    /// The beginning of a text, which may be shown.
    pub fn shown(self, text: &str) -> String {
        text.chars().take(self.prefix().len() + 6).collect()
    }
}

fn letter(number: u32) -> char {
    char::from(ALPHABET[(number % 62) as usize])
}

/// The first 32 bits of SHA-256, in base 62, the highest digit first.
fn check(text: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut number = hash.as_ref()[..4]
        .iter()
        .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    let mut digits = [' '; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = letter(number);
        number /= 62;
    }
    digits.iter().collect()
}

/// A limit of requests that a key or a service account has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnLimit {
    /// How many requests.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub requests: u32,
    /// In how many seconds.
    #[schema(minimum = 1, maximum = 86_400)]
    pub seconds: u32,
}

impl OwnLimit {
    /// Whether it allows more at once, or more in the long run.
    fn exceeds(self, other: Self) -> bool {
        let product = |a: u32, b: u32| u64::from(a) * u64::from(b);
        self.requests > other.requests
            || product(self.requests, other.seconds) > product(other.requests, self.seconds)
    }
}

/// From where and how often something may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// The networks it may be used from; none means from everywhere.
    #[serde(default)]
    pub networks: Networks,
    /// Its own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<OwnLimit>,
}

impl Terms {
    /// Whether these allow anything that `others` do not.
    pub fn exceed(&self, others: &Self) -> bool {
        let faster = match (self.limit, others.limit) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(own), Some(other)) => own.exceeds(other),
        };
        faster || !self.networks.within(&others.networks)
    }

    /// Its policy beside that of the deployment, which it can only tighten.
    pub fn policy(&self, name: &'static str, general: &Policy) -> Policy {
        let general = Policy {
            name,
            ..general.clone()
        };
        let Some(own) = self.limit else {
            return general;
        };
        let product = |a: u32, b: u32| u64::from(a) * u64::from(b);
        if product(own.requests, general.window) > product(general.quota, own.seconds) {
            return general;
        }
        // A burst is as large as the quota; a smaller one in less time is the same rate.
        let quota = own.requests.min(general.quota).max(1);
        let window = product(own.seconds, quota) / u64::from(own.requests.max(1));
        Policy {
            name,
            quota,
            window: u32::try_from(window).unwrap_or(u32::MAX).max(1),
        }
    }
}

/// Whom a key acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum KeyOwner {
    /// A person: it acts as they.
    User {
        /// Who.
        user_id: UserId,
    },
    /// An organisation: it is a member of its own, and stays when people go.
    Organization {
        /// Which.
        organization_id: OrganizationId,
        /// As what it acts there.
        role: Role,
    },
}

/// A secret of a key that is in use: enough to serve a request by one read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyVerifier {
    /// Of the key's text.
    pub hash: String,
    /// Which key.
    pub key_id: ApiKeyId,
    /// Whom it acts for.
    pub owner: KeyOwner,
    /// What it may do.
    pub scopes: BTreeSet<String>,
    /// From where and how often.
    pub terms: Terms,
    /// When this secret ceases to work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl KeyVerifier {
    /// Where the verifier of a text is kept.
    pub fn key_of(hash: &str) -> Key {
        Key::new(format!("APIKEY#{hash}"), "VERIFIER")
    }

    /// As whom the key acts.
    pub fn acting(&self) -> UserId {
        match self.owner {
            KeyOwner::User { user_id } => user_id,
            KeyOwner::Organization { .. } => UserId::from_uuid(self.key_id.uuid()),
        }
    }
}

impl Entity for KeyVerifier {
    const KIND: &'static str = "key-verifier";

    fn key(&self) -> Key {
        Self::key_of(&self.hash)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

/// What every function must know of a service account: without it, none of
/// its tokens is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccess {
    /// Which account.
    pub service_account_id: ServiceAccountId,
    /// What its tokens may do at most.
    pub scopes: BTreeSet<String>,
    /// From where and how often.
    pub terms: Terms,
}

impl ServiceAccess {
    /// Where it is kept: in the partition of the user that the account acts as.
    pub fn key_of(id: ServiceAccountId) -> Key {
        Key::new(format!("USER#{}", acting(id)), "SERVICE")
    }
}

impl Entity for ServiceAccess {
    const KIND: &'static str = "service-access";

    fn key(&self) -> Key {
        Self::key_of(self.service_account_id)
    }
}

/// The user that a service account acts as: of the same UUID.
pub fn acting(id: ServiceAccountId) -> UserId {
    UserId::from_uuid(id.uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_25_a_key_is_recognised_by_its_prefix_and_its_check() {
        let text = Kind::Key.generate().unwrap();
        assert_eq!(text.len(), "plnr_key_".len() + 49);
        assert!(text.starts_with("plnr_key_"));
        assert_ne!(text, Kind::Key.generate().unwrap());
        let hash = Kind::Key.hash(&text).unwrap();
        assert!(!hash.contains(&text[9..20]));
        assert_eq!(Kind::Key.shown(&text), text[..15]);
        assert!(Kind::ClientSecret.hash(&text).is_none());
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(bytes).unwrap();
            assert!(Kind::Key.hash(&other).is_none(), "{at}");
        }
        for other in [
            "",
            "plnr_key_",
            &text[..57],
            &format!("{text}0"),
            &text.replace('_', "é"),
        ] {
            assert!(Kind::Key.hash(other).is_none(), "{other}");
        }
    }

    /// A scanner computes the check from the guide alone.
    #[test]
    fn b1_09_the_check_is_that_of_the_guide() {
        // sha256("plnr_key_" + 43 zeros) begins with these 32 bits.
        let text = format!("plnr_key_{}", "0".repeat(43));
        let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let bits = u32::from_be_bytes(hash.as_ref()[..4].try_into().unwrap());
        let value = check(&text).bytes().fold(0_u64, |sum, byte| {
            sum * 62 + ALPHABET.iter().position(|letter| *letter == byte).unwrap() as u64
        });
        assert_eq!(value, u64::from(bits));
    }

    #[test]
    fn b1_09_an_own_limit_only_tightens() {
        let general = Policy {
            name: "principal",
            quota: 100,
            window: 60,
        };
        let own = |requests, seconds| {
            let limit = Some(OwnLimit { requests, seconds });
            let policy = Terms {
                networks: Networks::default(),
                limit,
            }
            .policy("api-key", &general);
            (policy.quota, policy.window)
        };
        assert_eq!(own(10, 60), (10, 60));
        assert_eq!(own(101, 60), (100, 60));
        assert_eq!(
            own(1000, 3600),
            (100, 360),
            "the same rate in smaller bursts"
        );
        assert_eq!(own(1, 86_400), (1, 86_400));
        let none = Terms::default().policy("api-key", &general);
        assert_eq!((none.name, none.quota, none.window), ("api-key", 100, 60));
    }
}
