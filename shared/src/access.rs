//! The `access` table: public keys, revoked sessions, memberships. Every
//! function reads it, only auth writes it, within its own commits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{OrganizationId, SessionId, UserId};
use crate::principal::{PlatformRole, Principal, Role};
use crate::problem::{Problem, UNAVAILABLE};
use crate::table::{Entity, Key, Query, StoreError, Table};
use crate::token::{Claims, TokenError, Verifier};

const KEYS: &str = "KEYS";
/// How often at most an unknown key id makes us read the keys again.
const KEYS_EVERY: Duration = Duration::from_secs(10);
/// What is younger than this was read for the same request.
const JUST_READ: Duration = Duration::from_millis(20);
/// How many people's access an instance remembers.
const REMEMBERED: usize = 2_000;

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
}

impl Entity for SigningKey {
    const KIND: &'static str = "signing-key";

    fn key(&self) -> Key {
        Key::new(KEYS, &self.kid)
    }
}

fn user_partition(user: UserId) -> String {
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
}

impl UserAccess {
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
enum Entry {
    UserAccess(UserAccess),
    Membership(Membership),
    RevokedSession(RevokedSession),
}

impl Entity for Entry {
    const KIND: &'static str = "access";

    fn key(&self) -> Key {
        match self {
            Self::UserAccess(entry) => entry.key(),
            Self::Membership(entry) => entry.key(),
            Self::RevokedSession(entry) => entry.key(),
        }
    }
}

#[derive(Debug, Default)]
struct Keys {
    verifiers: HashMap<String, Arc<Verifier>>,
    read: Option<Instant>,
}

#[derive(Debug, Default)]
struct Memory {
    keys: Keys,
    users: HashMap<UserId, (Instant, Arc<Vec<Entry>>)>,
}

/// Turns tokens into principals; cheap to clone.
#[derive(Debug, Clone)]
pub struct AccessReader {
    table: Table,
    issuer: Arc<str>,
    remember: Duration,
    memory: Arc<Mutex<Memory>>,
}

impl AccessReader {
    /// Reads `table`, for tokens of `issuer`, and remembers what it read of a
    /// person for `remember`.
    pub fn new(table: Table, issuer: &str, remember: Duration) -> Self {
        Self {
            table,
            issuer: Arc::from(issuer),
            remember,
            memory: Arc::default(),
        }
    }

    /// The table behind it.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The issuer and audience of tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Every public key.
    pub async fn keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        self.table
            .query_all(Query::partition(KEYS).consistent())
            .await
    }

    /// The caller behind a token.
    ///
    /// # Errors
    /// 401 for a token that is malformed, tampered with, expired, or whose
    /// session is revoked; 503 when that cannot be found out.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, Problem> {
        let kid = crate::token::key_id(token).map_err(refused)?;
        let Some(verifier) = self.verifier(&kid).await? else {
            return Err(refused(TokenError::UnknownKey));
        };
        let now = self.table.clock().now();
        let claims = verifier.verify(token, &self.issuer, now).map_err(refused)?;
        let entries = self.entries(claims.sub).await?;
        principal(&claims, &entries, now).map_err(refused)
    }

    /// Whether what made somebody `known` was read for an earlier request.
    pub fn is_remembered(&self, known: &Principal) -> bool {
        let memory = self.lock();
        let read = memory.users.get(&known.user_id).map(|(at, _)| *at);
        read.is_some_and(|at| at.elapsed() >= JUST_READ)
    }

    /// The caller again, when what made them `known` was remembered and a
    /// fresh read says otherwise: rights that were just given count at once.
    pub async fn reconsider(&self, token: &str, known: &Principal) -> Option<Principal> {
        if !self.is_remembered(known) {
            return None;
        }
        self.lock().users.remove(&known.user_id);
        let newer = self.authenticate(token).await.ok()?;
        (newer != *known).then_some(newer)
    }

    async fn verifier(&self, kid: &str) -> Result<Option<Arc<Verifier>>, Problem> {
        let due = {
            let memory = self.lock();
            if let Some(verifier) = memory.keys.verifiers.get(kid) {
                return Ok(Some(verifier.clone()));
            }
            memory
                .keys
                .read
                .is_none_or(|at| at.elapsed() >= KEYS_EVERY || self.remember.is_zero())
        };
        if !due {
            return Ok(None);
        }
        let keys = twice(|| self.keys()).await?;
        let mut memory = self.lock();
        memory.keys.read = Some(Instant::now());
        memory.keys.verifiers = keys
            .iter()
            .filter_map(|key| Some((key.kid.clone(), Arc::new(Verifier::new(key)?))))
            .collect();
        Ok(memory.keys.verifiers.get(kid).cloned())
    }

    async fn entries(&self, user: UserId) -> Result<Arc<Vec<Entry>>, Problem> {
        if let Some((at, entries)) = self.lock().users.get(&user)
            && at.elapsed() < self.remember
        {
            return Ok(entries.clone());
        }
        let at = Instant::now();
        let query = Query::partition(user_partition(user)).consistent();
        let entries = Arc::new(twice(|| self.table.query_all(query.clone())).await?);
        let mut memory = self.lock();
        if memory.users.len() >= REMEMBERED {
            memory.users.clear();
        }
        memory.users.insert(user, (at, entries.clone()));
        Ok(entries)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read that fails twice is no reason to let anybody in.
async fn twice<T, F>(read: impl Fn() -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, StoreError>>,
{
    match read().await {
        Ok(value) => Ok(value),
        Err(_) => read().await.map_err(|err| {
            Problem::new(&UNAVAILABLE)
                .detail("Tokens cannot be verified right now.")
                .header(http::header::RETRY_AFTER, "1")
                .caused_by(err)
        }),
    }
}

fn refused(err: TokenError) -> Problem {
    Problem::new(&crate::problem::UNAUTHENTICATED)
        .detail(err.to_string())
        .header(
            http::header::WWW_AUTHENTICATE,
            &format!(
                "Bearer realm=\"plenary\", error=\"invalid_token\", error_description=\"{err}\""
            ),
        )
}

fn principal(claims: &Claims, entries: &[Entry], now: Timestamp) -> Result<Principal, TokenError> {
    let mut principal = Principal {
        user_id: claims.sub,
        session_id: claims.sid,
        scope: claims.scope.split_whitespace().map(str::to_owned).collect(),
        platform_role: PlatformRole::User,
        memberships: BTreeMap::default(),
    };
    for entry in entries {
        match entry {
            Entry::UserAccess(access) if access.suspended => return Err(TokenError::Revoked),
            Entry::UserAccess(access) => principal.platform_role = access.platform_role,
            Entry::Membership(member) => {
                principal
                    .memberships
                    .insert(member.organization_id, member.role);
            }
            Entry::RevokedSession(revoked) => {
                if revoked.session_id == claims.sid && revoked.until > now {
                    return Err(TokenError::Revoked);
                }
            }
        }
    }
    Ok(principal)
}
