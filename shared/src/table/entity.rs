//! What is stored: items, their keys, and the types that are kept in them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// A primary key, of the table or of an index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    /// A key of two parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    pub(crate) fn attributes(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// Where an item stands in the two sparse indexes.
#[derive(Debug, Clone, Default)]
pub struct Indexes {
    /// `gsi1pk`, `gsi1sk`.
    pub gsi1: Option<Key>,
    /// `gsi2pk`, `gsi2sk`.
    pub gsi2: Option<Key>,
}

/// Something that is stored as one item.
pub trait Entity: Serialize + DeserializeOwned {
    /// What it is, stored as `kind`.
    const KIND: &'static str;

    /// Its primary key.
    fn key(&self) -> Key;

    /// The version that was read: what [`crate::commit::Commit::replace`] expects.
    fn version(&self) -> u64 {
        0
    }

    /// Its index entries.
    fn indexes(&self) -> Indexes {
        Indexes::default()
    }

    /// When it ceases to exist.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// An item of which only the key matters: for removing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnyItem {
    pk: String,
    sk: String,
}

impl Entity for AnyItem {
    const KIND: &'static str = "any";

    fn key(&self) -> Key {
        Key::new(self.pk.clone(), self.sk.clone())
    }
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn key_of(item: &Item) -> Option<Key> {
    Some(Key::new(text(item, "pk")?, text(item, "sk")?))
}

pub(crate) fn expired(item: &Item, now: Timestamp) -> bool {
    item.get("ttl")
        .and_then(|ttl| ttl.as_n().ok())
        .and_then(|ttl| ttl.parse::<i64>().ok())
        .is_some_and(|ttl| ttl <= now.as_second())
}

/// Reads an item as an entity.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is none.
pub fn parse<E: Entity>(item: Item) -> Result<E, StoreError> {
    serde_dynamo::from_item(item).map_err(|err| StoreError::Corrupt {
        kind: E::KIND,
        message: err.to_string(),
    })
}
