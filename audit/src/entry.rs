//! Entries and their hashes.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What stands before the first entry: 32 bytes of zero, in hexadecimal.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A value has no canonical form.
#[derive(Debug, thiserror::Error)]
#[error("no canonical JSON: {0}")]
pub struct FormatError(#[from] serde_json::Error);

/// Something that happened, before it has a place in a chain. No address and no
/// secret stands in it: ids and names of roles and settings alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The event that told of it.
    pub event_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it; nobody where the system did, or an operator.
    pub actor: Option<String>,
    /// The API key or service account by which they did.
    pub actor_by: Option<String>,
    /// What was done: the type of the event.
    pub action: String,
    /// To what.
    pub subject: String,
    /// In which organisation.
    pub organization_id: Option<String>,
    /// What binds everything that one request set off.
    pub correlation_id: String,
    /// What else there is to know, by name.
    pub details: Map<String, Value>,
}

/// An entry of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Which chain: an organisation's id, or `platform`.
    pub chain: String,
    /// Its place in the chain, from 1.
    pub sequence: u64,
    /// The event that told of it.
    pub event_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// When it was written down: never before the entry before it.
    pub recorded_at: Timestamp,
    /// Who did it; nobody where the system did, or an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The API key or service account by which they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_by: Option<String>,
    /// What was done: the type of the event.
    pub action: String,
    /// To what.
    pub subject: String,
    /// In which organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// What binds everything that one request set off.
    pub correlation_id: String,
    /// What else there is to know, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    /// The hash of the entry before; [`GENESIS`] before the first.
    pub previous_hash: String,
    /// SHA-256 of all the above in canonical JSON, in hexadecimal.
    pub hash: String,
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Which chain.
    pub chain: String,
    /// How many entries it has.
    pub sequence: u64,
    /// The hash of the last; [`GENESIS`] of an empty chain.
    pub hash: String,
}

/// The last line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// The head at the time of the export.
    pub head: Head,
}

impl Head {
    /// The end of a chain without entries.
    pub fn empty(chain: &str) -> Self {
        Self {
            chain: chain.to_owned(),
            sequence: 0,
            hash: GENESIS.to_owned(),
        }
    }

    /// The entry that a draft becomes behind this one; it is the new head.
    ///
    /// # Errors
    /// The draft has no canonical form.
    pub fn follow(&self, draft: Draft, recorded_at: Timestamp) -> Result<Entry, FormatError> {
        let mut entry = Entry {
            chain: self.chain.clone(),
            sequence: self.sequence + 1,
            event_id: draft.event_id,
            at: draft.at,
            recorded_at,
            actor: draft.actor,
            actor_by: draft.actor_by,
            action: draft.action,
            subject: draft.subject,
            organization_id: draft.organization_id,
            correlation_id: draft.correlation_id,
            details: draft.details,
            previous_hash: self.hash.clone(),
            hash: String::new(),
        };
        entry.hash = hash(&serde_json::to_value(&entry)?)?;
        Ok(entry)
    }
}

impl Entry {
    /// The head of a chain that ends here.
    pub fn head(&self) -> Head {
        Head {
            chain: self.chain.clone(),
            sequence: self.sequence,
            hash: self.hash.clone(),
        }
    }
}

/// Canonical JSON (RFC 8785): one text for one value.
///
/// # Errors
/// The value has none.
pub fn canonical<T: Serialize>(value: &T) -> Result<String, FormatError> {
    Ok(serde_json_canonicalizer::to_string(value)?)
}

/// The hash of an entry: SHA-256 over its canonical JSON without `hash`, in
/// hexadecimal.
///
/// # Errors
/// The entry has no canonical form.
pub fn hash(entry: &Value) -> Result<String, FormatError> {
    let mut bare = entry.clone();
    if let Some(members) = bare.as_object_mut() {
        members.remove("hash");
    }
    let text = canonical(&bare)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    Ok(digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8785 §3.2.2 and appendix B: order, escapes and numbers.
    #[test]
    fn or_07_canonical_json_is_that_of_the_standard() {
        let value = json!({
            "numbers": [333_333_333.333_333_3_f64, 1e30, 4.5, 2e-3, 1e-27],
            "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/",
            "literals": [null, true, false],
        });
        assert_eq!(
            canonical(&value).unwrap(),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    /// Another program must come to the same hash: this one is of `sha256sum`.
    #[test]
    fn or_07_the_hash_is_plain_sha_256_of_the_canonical_text() {
        let entry = json!({"b": 1, "a": "x", "hash": "whatever"});
        assert_eq!(
            canonical(&json!({"b": 1, "a": "x"})).unwrap(),
            r#"{"a":"x","b":1}"#
        );
        assert_eq!(
            hash(&entry).unwrap(),
            "cdab067e9f3beb32d1252cfd63e492592fecbf591b0d08cadb24bb17f3864246"
        );
    }
}
