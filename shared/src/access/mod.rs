//! The `access` table: public keys, revoked sessions, memberships, API keys by
//! hash. Every function reads it, only auth writes it, within its own commits.

mod callers;
mod entries;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use callers::{key_principal, principal};
use entries::{Entry, user_partition};

use crate::api_key::{self, KeyOwner, KeyVerifier};
use crate::id::UserId;
use crate::principal::Principal;
use crate::problem::{Problem, UNAVAILABLE};
use crate::table::{Query, StoreError, Table};
use crate::token::{Claims, TokenError, Verifier};

pub use entries::{Membership, RevokedSession, SigningKey, UserAccess};

const KEYS: &str = "KEYS";
/// How often at most an unknown key id makes us read the keys again.
const KEYS_EVERY: Duration = Duration::from_secs(10);
/// How much longer than a person's access the keys are remembered: a minute. One
/// that was withdrawn is refused after that.
const KEYS_LONGER: u32 = 20;
/// What is younger than this was read for the same request.
const JUST_READ: Duration = Duration::from_millis(20);
/// How many people's access, and how many API keys, an instance remembers.
const REMEMBERED: usize = 2_000;

#[derive(Debug, Default)]
struct Keys {
    verifiers: HashMap<String, Arc<Verifier>>,
    read: Option<Instant>,
}

#[derive(Debug, Default)]
struct Memory {
    keys: Keys,
    users: HashMap<UserId, (Instant, Arc<Vec<Entry>>)>,
    api_keys: HashMap<String, (Instant, Arc<KeyVerifier>)>,
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

    /// The caller behind an access token or an API key. Whether the caller may
    /// come from where they do is for [`crate::http`] to say.
    ///
    /// # Errors
    /// 401 for a token that is malformed, tampered with, expired, or whose
    /// session is revoked; 503 when that cannot be found out.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, Problem> {
        if token.starts_with(api_key::Kind::Key.prefix()) {
            return self.authenticate_key(token).await;
        }
        self.examine(token).await.map(|(_, principal)| principal)
    }

    /// What an access token says, and the caller behind it.
    ///
    /// # Errors
    /// As [`AccessReader::authenticate`].
    pub async fn examine(&self, token: &str) -> Result<(Claims, Principal), Problem> {
        let kid = crate::token::key_id(token).map_err(refused)?;
        let Some(verifier) = self.verifier(&kid).await? else {
            return Err(refused(TokenError::UnknownKey));
        };
        let now = self.table.clock().now();
        let claims = verifier.verify(token, &self.issuer, now).map_err(refused)?;
        let entries = self.entries(claims.sub.acting()).await?;
        let principal = principal(&claims, &entries, now).map_err(refused)?;
        Ok((claims, principal))
    }

    async fn authenticate_key(&self, text: &str) -> Result<Principal, Problem> {
        let hash = api_key::Kind::Key.hash(text);
        let hash = hash.ok_or_else(|| refused(TokenError::Malformed))?;
        let verifier = self.api_key(hash).await?;
        let verifier = verifier.ok_or_else(|| refused(TokenError::UnknownKey))?;
        let now = self.table.clock().now();
        if verifier.expires_at.is_some_and(|at| at <= now) {
            return Err(refused(TokenError::Expired));
        }
        let entries = match verifier.owner {
            KeyOwner::User { user_id } => self.entries(user_id).await?,
            KeyOwner::Organization { .. } => Arc::default(),
        };
        key_principal(&verifier, &entries, now).map_err(refused)
    }

    /// What is kept of a key. Only what is found is remembered: a key works as
    /// soon as it is made.
    async fn api_key(&self, hash: String) -> Result<Option<Arc<KeyVerifier>>, Problem> {
        if let Some((at, verifier)) = self.lock().api_keys.get(&hash)
            && at.elapsed() < self.remember
        {
            return Ok(Some(verifier.clone()));
        }
        let at = Instant::now();
        let key = KeyVerifier::key_of(&hash);
        let found: Option<KeyVerifier> = twice(|| self.table.get_consistent(&key)).await?;
        let found = found.map(Arc::new);
        let mut memory = self.lock();
        if memory.api_keys.len() >= REMEMBERED {
            memory.api_keys.clear();
        }
        match &found {
            Some(verifier) => memory.api_keys.insert(hash, (at, verifier.clone())),
            None => memory.api_keys.remove(&hash),
        };
        Ok(found)
    }

    /// Whether what made somebody `known` was read for an earlier request.
    pub fn is_remembered(&self, token: &str, known: &Principal) -> bool {
        let hash = api_key::Kind::Key.hash(token).unwrap_or_default();
        let memory = self.lock();
        let old = |at: &Instant| at.elapsed() >= JUST_READ;
        let user = memory.users.get(&known.user_id);
        let key = memory.api_keys.get(&hash);
        user.is_some_and(|(at, _)| old(at)) || key.is_some_and(|(at, _)| old(at))
    }

    /// The caller again, when what made them `known` was remembered and a
    /// fresh read says otherwise: rights that were just given count at once.
    pub async fn reconsider(&self, token: &str, known: &Principal) -> Option<Principal> {
        if !self.is_remembered(token, known) {
            return None;
        }
        self.forget(token, known.user_id);
        let newer = self.authenticate(token).await.ok()?;
        (newer != *known).then_some(newer)
    }

    fn forget(&self, token: &str, user: UserId) {
        let hash = api_key::Kind::Key.hash(token).unwrap_or_default();
        let mut memory = self.lock();
        memory.users.remove(&user);
        memory.api_keys.remove(&hash);
    }

    async fn verifier(&self, kid: &str) -> Result<Option<Arc<Verifier>>, Problem> {
        let (known, due) = {
            let keys = &self.lock().keys;
            let known = keys.verifiers.get(kid).cloned();
            let believed = self.remember * KEYS_LONGER;
            let wait = if known.is_some() {
                believed
            } else {
                KEYS_EVERY.min(believed)
            };
            let due = |at: Instant| at.elapsed() >= wait;
            (known, keys.read.is_none_or(due))
        };
        if !due {
            return Ok(known);
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
