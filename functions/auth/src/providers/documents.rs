//! What a provider publishes of itself: its discovery document (OpenID Connect
//! Discovery §4) and its keys.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use shared::{
    cx::Context,
    outward::{Call, is_secure},
    problem::{Problem, UNAVAILABLE},
};

use super::Provider;
use crate::model::id_token::{Jwk, Key};

/// How long either is believed.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How long it serves when the provider does not tell it anew.
const STALE: SignedDuration = SignedDuration::from_hours(24);
/// How soon at most the keys are fetched again for one that is unknown: who
/// invents key ids has us ask no oftener.
const REFETCH: SignedDuration = SignedDuration::from_mins(1);

/// The parts that we use.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Document {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) revocation_endpoint: Option<String>,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Value>,
}

/// Remembers both.
#[derive(Debug, Default)]
pub(super) struct Documents {
    document: Kept<Document>,
    keys: Kept<Vec<Key>>,
}

#[derive(Debug)]
struct Kept<T>(Mutex<Option<(Timestamp, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    /// What is no older than `age`.
    fn younger(&self, age: SignedDuration, now: Timestamp) -> Option<Arc<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, value) = kept.as_ref()?;
        (now.duration_since(*at) < age).then(|| value.clone())
    }

    fn put(&self, value: T, now: Timestamp) -> Arc<T> {
        let value = Arc::new(value);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, value.clone()));
        value
    }

    /// What was fetched, or, when that failed, what is still good enough.
    fn settle(&self, fetched: Result<T, Problem>, now: Timestamp) -> Result<Arc<T>, Problem> {
        match fetched {
            Ok(value) => Ok(self.put(value, now)),
            Err(problem) => self.younger(STALE, now).ok_or(problem),
        }
    }
}

impl Provider {
    /// The discovery document.
    pub(super) async fn document(&self, cx: &Context) -> Result<Arc<Document>, Problem> {
        let now = self.clock.now();
        let kept = &self.documents.document;
        match kept.younger(FRESH, now) {
            Some(document) => Ok(document),
            None => kept.settle(self.discover(cx).await, now),
        }
    }

    /// The keys; `anew` when one was not among them.
    pub(super) async fn keys(&self, cx: &Context, anew: bool) -> Result<Arc<Vec<Key>>, Problem> {
        let now = self.clock.now();
        let kept = &self.documents.keys;
        let age = if anew { REFETCH } else { FRESH };
        match kept.younger(age, now) {
            Some(keys) => Ok(keys),
            None => kept.settle(self.fetch_keys(cx).await, now),
        }
    }

    async fn discover(&self, cx: &Context) -> Result<Document, Problem> {
        let issuer = &self.settings.issuer;
        let url = format!("{issuer}/.well-known/openid-configuration");
        let document: Document = self.fetch(cx, &url).await?;
        let endpoints = [
            Some(&document.authorization_endpoint),
            Some(&document.token_endpoint),
            Some(&document.jwks_uri),
            document.revocation_endpoint.as_ref(),
        ];
        // §4.3: it must be about who was asked.
        if !self.is_issuer(document.issuer.trim_end_matches('/')) {
            return Err(untrue("its document is of another issuer"));
        }
        if endpoints.into_iter().flatten().any(|url| !is_secure(url)) {
            return Err(untrue("an endpoint in its document is not https"));
        }
        Ok(document)
    }

    async fn fetch_keys(&self, cx: &Context) -> Result<Vec<Key>, Problem> {
        let url = self.document(cx).await?.jwks_uri.clone();
        let set: JwkSet = self.fetch(cx, &url).await?;
        // Keys of kinds that we do not know are passed over (RFC 7517 §5).
        let keys = set.keys.into_iter();
        Ok(keys
            .filter_map(|key| serde_json::from_value::<Jwk>(key).ok()?.read())
            .collect())
    }

    async fn fetch<T: DeserializeOwned>(&self, cx: &Context, url: &str) -> Result<T, Problem> {
        let answer = self.call(cx, &Call::get(url)).await?;
        if !answer.is_success() {
            return Err(untrue(&format!("it answered {}", answer.status)));
        }
        answer.json().map_err(|err| untrue(&err.to_string()))
    }
}

/// The provider answers, but not what it should.
fn untrue(reason: &str) -> Problem {
    Problem::new(&UNAVAILABLE)
        .header(http::header::RETRY_AFTER, "60")
        .caused_by(format!("a provider cannot be used: {reason}"))
}
