//! What programs sign in with: API keys of people and organisations, and the
//! service accounts of organisations.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::{
    access::Membership,
    api_key::{KeyOwner, KeyVerifier, Kind, ServiceAccess, Terms, acting},
    event::auth::{CredentialChange, CredentialChanged, CredentialKind},
    id::{ApiKeyId, InvalidId, OrganizationId, ServiceAccountId, UserId},
    principal::{Machine, Role},
    scope,
};

use super::refresh::CryptoError;

/// How many secrets of one program can work at once.
pub const MAX_SECRETS: usize = 5;
/// How many keys and service accounts a person or an organisation can have.
pub const MAX_PROGRAMS: u64 = 50;
/// How long an old secret can go on working after a new one was made.
pub const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Which program.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProgramId {
    /// An API key.
    ApiKey(ApiKeyId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
}

impl ProgramId {
    /// The kind of its secrets.
    pub fn secret_kind(self) -> Kind {
        match self {
            Self::ApiKey(_) => Kind::Key,
            Self::ServiceAccount(_) => Kind::ClientSecret,
        }
    }
}

impl From<Machine> for ProgramId {
    fn from(machine: Machine) -> Self {
        match machine {
            Machine::ApiKey(id) => Self::ApiKey(id),
            Machine::ServiceAccount(id) => Self::ServiceAccount(id),
        }
    }
}

impl fmt::Display for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(id) => id.fmt(f),
            Self::ServiceAccount(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ProgramId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse()
            .map(Self::ServiceAccount)
            .or_else(|_| text.parse().map(Self::ApiKey))
    }
}

impl Serialize for ProgramId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProgramId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A secret as kept: its hash, and enough of it to recognise it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedSecret {
    /// Of the text.
    pub hash: String,
    /// The beginning of the text.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ceases to work, once a newer one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl IssuedSecret {
    /// A new secret and its text, which is shown once and kept nowhere.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new(kind: Kind, now: Timestamp) -> Result<(Self, String), CryptoError> {
        let text = kind.generate()?;
        let secret = Self {
            hash: kind.hash(&text).ok_or(CryptoError)?,
            prefix: kind.shown(&text),
            created_at: now,
            expires_at: None,
        };
        Ok((secret, text))
    }

    /// Whether it works.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}

/// A program has as many working secrets as it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySecrets;

/// A key or a service account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Program {
    /// Which.
    pub id: ProgramId,
    /// Counts its changes.
    pub version: u64,
    /// Whom it belongs to.
    pub owner: KeyOwner,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<String>,
    /// From where and how often.
    pub terms: Terms,
    /// Its secrets, the newest last.
    pub secrets: Vec<IssuedSecret>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Program {
    /// With one more secret; the others go on for `overlap` at most.
    ///
    /// # Errors
    /// [`TooManySecrets`]
    pub fn rotated(
        &self,
        new: IssuedSecret,
        overlap: SignedDuration,
        now: Timestamp,
    ) -> Result<Self, TooManySecrets> {
        let mut next = self.clone();
        let end = now + overlap;
        for secret in &mut next.secrets {
            secret.expires_at = Some(secret.expires_at.map_or(end, |at| at.min(end)));
        }
        next.secrets.retain(|secret| secret.is_live(now));
        if next.secrets.len() >= MAX_SECRETS {
            return Err(TooManySecrets);
        }
        next.secrets.push(new);
        Ok(next)
    }

    /// Whether it may do anything that it could not as it was `before`: by
    /// another scope, from elsewhere, more often or for longer.
    pub fn exceeds(&self, before: &Self) -> bool {
        let longer = match (self.expires_at, before.expires_at) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(now), Some(then)) => now > then,
        };
        let included = |wanted: &String| scope::include(&before.scopes, wanted);
        longer || self.terms.exceed(&before.terms) || !self.scopes.iter().all(included)
    }

    /// Without a secret.
    pub fn without(&self, hash: &str) -> Self {
        let mut next = self.clone();
        next.secrets.retain(|secret| secret.hash != hash);
        next
    }

    /// The working secret with a hash.
    pub fn secret(&self, hash: &str, now: Timestamp) -> Option<&IssuedSecret> {
        let ended = self.expires_at.is_some_and(|at| at <= now);
        self.secrets
            .iter()
            .filter(|secret| !ended && secret.is_live(now))
            .find(|secret| {
                shared::digest::constant_time_eq(secret.hash.as_bytes(), hash.as_bytes())
            })
    }

    /// The organisation that it belongs to, and its role there.
    pub fn place(&self) -> Option<(OrganizationId, Role)> {
        match self.owner {
            KeyOwner::User { .. } => None,
            KeyOwner::Organization {
                organization_id,
                role,
            } => Some((organization_id, role)),
        }
    }

    /// What every function must know of its secrets, if it is a key.
    pub fn verifiers(&self) -> Vec<KeyVerifier> {
        let ProgramId::ApiKey(key_id) = self.id else {
            return Vec::new();
        };
        let verifier = |secret: &IssuedSecret| KeyVerifier {
            hash: secret.hash.clone(),
            key_id,
            owner: self.owner,
            scopes: self.scopes.clone(),
            terms: self.terms.clone(),
            expires_at: match (self.expires_at, secret.expires_at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        };
        self.secrets.iter().map(verifier).collect()
    }

    /// What every function must know of it, if it is a service account.
    pub fn service(&self) -> Option<(ServiceAccess, Membership)> {
        let (ProgramId::ServiceAccount(id), Some((organization_id, role))) =
            (self.id, self.place())
        else {
            return None;
        };
        let access = ServiceAccess {
            service_account_id: id,
            scopes: self.scopes.clone(),
            terms: self.terms.clone(),
        };
        let membership = Membership {
            user_id: acting(id),
            organization_id,
            role,
        };
        Some((access, membership))
    }

    /// What is told of a change.
    pub fn changed(&self, change: CredentialChange) -> CredentialChanged {
        let place = self.place();
        CredentialChanged {
            credential_id: self.id.to_string(),
            kind: match self.id {
                ProgramId::ApiKey(_) => CredentialKind::ApiKey,
                ProgramId::ServiceAccount(_) => CredentialKind::ServiceAccount,
            },
            change,
            user_id: match self.owner {
                KeyOwner::User { user_id } => Some(user_id),
                KeyOwner::Organization { .. } => None,
            },
            organization_id: place.map(|(id, _)| id),
            role: place.map(|(_, role)| role),
            name: self.name.clone(),
            scopes: self.scopes.iter().cloned().collect(),
            expires_at: self.expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{api_key::OwnLimit, network::Networks};

    use super::*;

    fn key(now: Timestamp) -> Program {
        Program {
            id: ProgramId::ApiKey(ApiKeyId::new()),
            version: 1,
            owner: KeyOwner::User {
                user_id: UserId::new(),
            },
            name: "n".into(),
            scopes: BTreeSet::from(["events:read".into()]),
            terms: Terms::default(),
            secrets: vec![IssuedSecret::new(Kind::Key, now).unwrap().0],
            created_by: UserId::new(),
            created_at: now,
            expires_at: None,
        }
    }

    fn minutes(count: i64) -> SignedDuration {
        SignedDuration::from_mins(count)
    }

    #[test]
    fn b1_09_an_overlap_never_lengthens_what_was_promised_before() {
        let now = Timestamp::UNIX_EPOCH;
        let secret = || IssuedSecret::new(Kind::Key, now).unwrap().0;
        let first = key(now);
        let second = first.rotated(secret(), minutes(10), now).unwrap();
        let third = second.rotated(secret(), minutes(60), now).unwrap();
        let ends: Vec<_> = third
            .secrets
            .iter()
            .map(|secret| secret.expires_at)
            .collect();
        assert_eq!(
            ends,
            [Some(now + minutes(10)), Some(now + minutes(60)), None]
        );
        let hash = &third.secrets[0].hash;
        assert!(third.secret(hash, now + minutes(9)).is_some());
        assert!(third.secret(hash, now + minutes(10)).is_none());
        // Without an overlap only the newest is left.
        let last = third.rotated(secret(), minutes(0), now).unwrap();
        assert_eq!(last.secrets.len(), 1);
        assert_eq!(last.verifiers().len(), 1);
    }

    #[test]
    fn b1_09_a_program_has_a_bounded_number_of_secrets() {
        let now = Timestamp::UNIX_EPOCH;
        let secret = || IssuedSecret::new(Kind::Key, now).unwrap().0;
        let mut key = key(now);
        for _ in 1..MAX_SECRETS {
            key = key.rotated(secret(), minutes(10), now).unwrap();
        }
        assert_eq!(key.rotated(secret(), minutes(10), now), Err(TooManySecrets));
        assert!(
            key.rotated(secret(), minutes(10), now + minutes(10))
                .is_ok()
        );
    }

    #[test]
    fn au_25_what_widens_a_program_is_known() {
        let now = Timestamp::UNIX_EPOCH;
        let limit = |requests, seconds| Some(OwnLimit { requests, seconds });
        let mut before = key(now);
        before.scopes = BTreeSet::from(["events:write".into(), "media:read".into()]);
        before.terms.networks = "10.0.0.0/8".parse().unwrap();
        before.terms.limit = limit(10, 60);
        before.expires_at = Some(now + minutes(60));
        let with = |change: &dyn Fn(&mut Program)| {
            let mut after = before.clone();
            change(&mut after);
            after.exceeds(&before)
        };
        assert!(with(&|p| p.scopes = ["media:write".into()].into()));
        assert!(with(&|p| p.scopes.extend(["users:read".into()])));
        assert!(with(&|p| p.terms.networks = Networks::default()));
        assert!(with(
            &|p| p.terms.networks = "10.0.0.0/8,::1".parse().unwrap()
        ));
        assert!(with(&|p| p.terms.limit = None));
        assert!(with(&|p| p.terms.limit = limit(11, 60)));
        assert!(with(&|p| p.terms.limit = limit(10, 59)));
        assert!(with(&|p| p.terms.limit = limit(20, 120)), "a larger burst");
        assert!(with(&|p| p.expires_at = None));
        assert!(with(&|p| p.expires_at = Some(now + minutes(61))));
        // Less is no more, nor is another name.
        assert!(!with(&|p| p.name = "m".into()));
        assert!(!with(&|p| p.scopes = ["events:read".into()].into()));
        assert!(!with(&|p| p.terms.networks = "10.1.0.0/16".parse().unwrap()));
        assert!(!with(&|p| p.terms.limit = limit(5, 60)));
        assert!(!with(&|p| p.expires_at = Some(now)));
        // What was unbounded can only be bound.
        assert!(!before.exceeds(&Program {
            scopes: before.scopes.clone(),
            ..key(now)
        }));
    }

    #[test]
    fn b1_09_a_secret_ends_with_its_key() {
        let now = Timestamp::UNIX_EPOCH;
        let mut key = key(now);
        key.expires_at = Some(now + minutes(5));
        let secret = IssuedSecret::new(Kind::Key, now).unwrap().0;
        let key = key.rotated(secret, minutes(60), now).unwrap();
        for verifier in key.verifiers() {
            assert_eq!(verifier.expires_at, Some(now + minutes(5)));
        }
        assert!(key.secret(&key.secrets[1].hash, now + minutes(5)).is_none());
    }
}
