//! Replies stored under an `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! The reply is written by the commit that changed the state, so there is no
//! state "in progress": a repeated request finds the reply or an untouched world.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::table::{Entity, Key};

/// How long a reply is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The longest key, in bytes.
pub const MAX_KEY: usize = 255;

/// The place where the reply to this request belongs.
#[derive(Debug, Clone)]
pub struct Slot {
    pub(crate) key: Key,
    /// An HMAC of the body under the Idempotency-Key: a plain hash would let a
    /// reader of the table guess bodies.
    pub(crate) body: String,
    filled: Arc<AtomicBool>,
}

impl Slot {
    /// The slot of `method target` for `caller`.
    pub fn new(caller: &str, method: &str, target: &str, key: &str, body: &[u8]) -> Self {
        let hash = digest::sha256(&[
            caller.as_bytes(),
            method.as_bytes(),
            target.as_bytes(),
            key.as_bytes(),
        ]);
        Self {
            key: Key::new(format!("IDEMPOTENCY#{hash}"), "REPLY"),
            body: digest::hmac(key.as_bytes(), body),
            filled: Arc::default(),
        }
    }

    /// A commit of this request stored its reply.
    pub(crate) fn fill(&self) {
        self.filled.store(true, Ordering::Release);
    }

    /// Whether one did.
    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }
}

/// A reply as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredReply {
    #[serde(rename = "pk")]
    pub(crate) pk: String,
    pub(crate) body_mac: String,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) expires: Timestamp,
}

impl Entity for StoredReply {
    const KIND: &'static str = "reply";

    fn key(&self) -> Key {
        Key::new(self.pk.clone(), "REPLY")
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires)
    }
}

/// An `Idempotency-Key` as it was sent: a quoted structured-field string
/// (RFC 8941 §3.3.3) or the bare text that many clients send.
pub fn parse_key(header: &str) -> Option<String> {
    let header = header.trim();
    let key = match header.strip_prefix('"') {
        None => header.to_owned(),
        Some(rest) => {
            let inner = rest.strip_suffix('"')?;
            let mut out = String::with_capacity(inner.len());
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => out.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
                    '"' => return None,
                    c => out.push(c),
                }
            }
            out
        }
    };
    let fits = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| (0x20..0x7f).contains(&b));
    fits.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xc_05_keys_quoted_or_bare() {
        assert_eq!(parse_key("abc"), Some("abc".into()));
        assert_eq!(parse_key("\"a\\\"b\\\\c\""), Some("a\"b\\c".into()));
        for bad in ["", "\"\"", "\"a", "\"a\\x\"", "\"a\"b\"", "ä", "a\u{7f}"] {
            assert_eq!(parse_key(bad), None, "{bad}");
        }
        assert_eq!(parse_key(&"k".repeat(255)).map(|k| k.len()), Some(255));
        assert_eq!(parse_key(&"k".repeat(256)), None);
    }

    #[test]
    fn xc_05_a_slot_belongs_to_one_caller_and_one_request() {
        let slot =
            |caller, method, target, key| Slot::new(caller, method, target, key, b"{}").key.pk;
        let one = slot("user_a", "POST", "/v1/events", "k");
        for other in [
            slot("user_b", "POST", "/v1/events", "k"),
            slot("user_a", "PATCH", "/v1/events", "k"),
            slot("user_a", "POST", "/v1/events?x=1", "k"),
            slot("user_a", "POST", "/v1/event", "sk"),
        ] {
            assert_ne!(one, other);
        }
    }
}
