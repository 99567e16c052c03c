//! Typed access to a DynamoDB table.
//!
//! An [`Entity`] knows its key; a group's `store.rs` has one method per access
//! pattern on top of [`Table`]. There is no scan. Items that the service has
//! not yet deleted after their time are invisible here (their TTL only tidies).

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::problem::{Problem, UNAVAILABLE};

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

/// A read failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The service refused or did not answer; the text is for the log.
    #[error("DynamoDB: {0}")]
    Service(String),
    /// An item is not what its type says.
    #[error("an item of kind {kind} cannot be read: {message}")]
    Corrupt {
        /// The wanted kind.
        kind: &'static str,
        /// What serde said.
        message: String,
    },
}

impl From<StoreError> for Problem {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Service(_) => Problem::new(&UNAVAILABLE)
                .header(http::header::RETRY_AFTER, "1")
                .caused_by(err),
            StoreError::Corrupt { .. } => Problem::internal(err),
        }
    }
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(err: SdkError<E, R>) -> Self {
        Self::Service(DisplayErrorContext(&err).to_string())
    }
}

/// Which index a query reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// `gsi1`.
    Gsi1,
    /// `gsi2`.
    Gsi2,
}

impl Index {
    const fn name(self) -> &'static str {
        match self {
            Self::Gsi1 => "gsi1",
            Self::Gsi2 => "gsi2",
        }
    }
}

#[derive(Debug, Clone)]
enum Range {
    All,
    Prefix(String),
    Between(String, String),
}

/// A query of one partition.
#[derive(Debug, Clone)]
pub struct Query {
    pk: String,
    range: Range,
    index: Option<Index>,
    descending: bool,
    limit: Option<u32>,
    after: Option<Position>,
    consistent: bool,
}

/// Where a query stopped: the key of the last item read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The item's own key.
    pub key: Key,
    /// Its sort key in the index, for queries of an index.
    pub index_sk: Option<String>,
}

impl Query {
    /// Everything in the partition `pk`.
    pub fn partition(pk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            range: Range::All,
            index: None,
            descending: false,
            limit: None,
            after: None,
            consistent: false,
        }
    }

    /// Only sort keys that begin so.
    pub fn begins_with(mut self, prefix: impl Into<String>) -> Self {
        self.range = Range::Prefix(prefix.into());
        self
    }

    /// Only sort keys from `first` to `last`, both included.
    pub fn between(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.range = Range::Between(first.into(), last.into());
        self
    }

    /// Reads an index; its partition is `pk`.
    pub fn index(mut self, index: Index) -> Self {
        self.index = Some(index);
        self
    }

    /// Largest sort key first.
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Reads at most so many items.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Goes on behind a position.
    pub fn after(mut self, position: Option<Position>) -> Self {
        self.after = position;
        self
    }

    /// A strongly consistent read; not for indexes.
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    fn condition(&self, values: &mut Item) -> String {
        let (pk, sk) = match self.index {
            None => ("pk".to_owned(), "sk".to_owned()),
            Some(index) => (format!("{}pk", index.name()), format!("{}sk", index.name())),
        };
        values.insert(":pk".into(), AttributeValue::S(self.pk.clone()));
        match &self.range {
            Range::All => format!("{pk} = :pk"),
            Range::Prefix(prefix) => {
                values.insert(":a".into(), AttributeValue::S(prefix.clone()));
                format!("{pk} = :pk AND begins_with({sk}, :a)")
            }
            Range::Between(first, last) => {
                values.insert(":a".into(), AttributeValue::S(first.clone()));
                values.insert(":b".into(), AttributeValue::S(last.clone()));
                format!("{pk} = :pk AND {sk} BETWEEN :a AND :b")
            }
        }
    }

    fn start_key(&self) -> Option<Item> {
        let position = self.after.as_ref()?;
        let mut key = position.key.attributes();
        if let (Some(index), Some(sk)) = (self.index, &position.index_sk) {
            key.insert(
                format!("{}pk", index.name()),
                AttributeValue::S(self.pk.clone()),
            );
            key.insert(format!("{}sk", index.name()), AttributeValue::S(sk.clone()));
        }
        Some(key)
    }
}

/// What a query found.
#[derive(Debug, Clone)]
pub struct Found<E> {
    /// The items, in order.
    pub items: Vec<E>,
    /// Where to go on, if there is more.
    pub next: Option<Position>,
}

/// A table and the client to reach it; cheap to clone.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: Arc<str>,
    pub(crate) clock: Clock,
}

impl Table {
    /// The table `name`.
    pub fn new(client: Client, name: impl Into<String>, clock: Clock) -> Self {
        Self {
            client,
            name: Arc::from(name.into()),
            clock,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The clock that decides what has expired.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The client behind it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// One item, eventually consistent.
    pub async fn get<E: Entity>(&self, key: &Key) -> Result<Option<E>, StoreError> {
        self.get_item(key, false).await
    }

    /// One item, strongly consistent.
    pub async fn get_consistent<E: Entity>(&self, key: &Key) -> Result<Option<E>, StoreError> {
        self.get_item(key, true).await
    }

    async fn get_item<E: Entity>(
        &self,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<E>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(consistent)
            .send()
            .await?;
        self.visible(output.item).map(parse).transpose()
    }

    fn visible(&self, item: Option<Item>) -> Option<Item> {
        item.filter(|item| !expired(item, self.clock.now()))
    }

    /// Items by key, in the order of the keys; missing ones are left out.
    pub async fn batch_get<E: Entity>(&self, keys: &[Key]) -> Result<Vec<E>, StoreError> {
        let mut found: HashMap<Key, Item> = HashMap::new();
        for chunk in keys.chunks(100) {
            let mut unique: Vec<&Key> = chunk.iter().collect();
            unique.sort();
            unique.dedup();
            self.batch_get_chunk(&unique, &mut found).await?;
        }
        keys.iter()
            .filter_map(|key| found.remove(key))
            .filter_map(|item| self.visible(Some(item)))
            .map(parse)
            .collect()
    }

    async fn batch_get_chunk(
        &self,
        keys: &[&Key],
        found: &mut HashMap<Key, Item>,
    ) -> Result<(), StoreError> {
        let mut open: Vec<Item> = keys.iter().map(|key| key.attributes()).collect();
        for attempt in 0_u32..6 {
            if open.is_empty() {
                return Ok(());
            }
            if attempt > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(20 << attempt)).await;
            }
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut open)))
                .build()
                .map_err(|err| StoreError::Service(err.to_string()))?;
            let output = self
                .client
                .batch_get_item()
                .request_items(&*self.name, wanted)
                .send()
                .await?;
            for item in output
                .responses
                .into_iter()
                .flat_map(HashMap::into_values)
                .flatten()
            {
                if let Some(key) = key_of(&item) {
                    found.insert(key, item);
                }
            }
            open = output
                .unprocessed_keys
                .into_iter()
                .flat_map(HashMap::into_values)
                .flat_map(|keys| keys.keys)
                .collect();
        }
        Err(StoreError::Service("keys stayed unprocessed".into()))
    }

    /// One page of a partition. Expired items are left out, so that a page can
    /// be short although there is more.
    pub async fn query<E: Entity>(&self, query: Query) -> Result<Found<E>, StoreError> {
        let found = self.query_items(query).await?;
        Ok(Found {
            items: found
                .items
                .into_iter()
                .map(parse)
                .collect::<Result<_, _>>()?,
            next: found.next,
        })
    }

    /// Two items of a partition in one consistent read, which costs what both
    /// weigh together. `first` sorts before `second`, and nothing stands
    /// between them.
    pub async fn pair<A: Entity, B: Entity>(
        &self,
        first: &Key,
        second: &Key,
    ) -> Result<(Option<A>, Option<B>), StoreError> {
        let both = Query::partition(first.pk.clone())
            .between(first.sk.clone(), second.sk.clone())
            .consistent();
        let mut items = self.query_items(both).await?.items;
        let mut take = |key: &Key| {
            let at = items
                .iter()
                .position(|item| text(item, "sk") == Some(&key.sk))?;
            Some(items.swap_remove(at))
        };
        let (first, second) = (take(first), take(second));
        Ok((
            first.map(parse).transpose()?,
            second.map(parse).transpose()?,
        ))
    }

    async fn query_items(&self, query: Query) -> Result<Found<Item>, StoreError> {
        let mut values = Item::new();
        let condition = query.condition(&mut values);
        let output = self
            .client
            .query()
            .table_name(&*self.name)
            .set_index_name(query.index.map(|index| index.name().to_owned()))
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(!query.descending)
            .set_limit(query.limit.and_then(|limit| i32::try_from(limit).ok()))
            .set_exclusive_start_key(query.start_key())
            .consistent_read(query.consistent && query.index.is_none())
            .send()
            .await?;
        let next = output
            .last_evaluated_key
            .and_then(|key| position_of(&key, query.index));
        let now = self.clock.now();
        let items = output
            .items
            .unwrap_or_default()
            .into_iter()
            .filter(|item| !expired(item, now))
            .collect();
        Ok(Found { items, next })
    }

    /// A whole partition, or range of it: only where something bounds it.
    pub async fn query_all<E: Entity>(&self, query: Query) -> Result<Vec<E>, StoreError> {
        let mut all = Vec::new();
        let mut after = query.after.clone();
        loop {
            let mut found = self.query(query.clone().after(after)).await?;
            all.append(&mut found.items);
            if found.next.is_none() {
                return Ok(all);
            }
            after = found.next;
        }
    }
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn key_of(item: &Item) -> Option<Key> {
    Some(Key::new(text(item, "pk")?, text(item, "sk")?))
}

fn position_of(key: &Item, index: Option<Index>) -> Option<Position> {
    Some(Position {
        key: key_of(key)?,
        index_sk: index
            .and_then(|index| Some(text(key, &format!("{}sk", index.name()))?.to_owned())),
    })
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
