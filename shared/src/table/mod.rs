//! Typed access to a DynamoDB table.
//!
//! An [`Entity`] knows its key; a group's `store.rs` has one method per access
//! pattern on top of [`Table`]. There is no scan. Items that the service has
//! not yet deleted after their time are invisible here (their TTL only tidies).

mod entity;
mod query;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::clock::Clock;
use crate::page::invalid_cursor;
use crate::problem::{Problem, UNAVAILABLE};

pub use entity::{AnyItem, Entity, Indexes, Item, Key, parse};
pub use query::{Found, Index, Position, Query};

pub(crate) use entity::{expired, key_of, text};
use query::position_of;

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
    /// A query is to go on at a place where it never was: only who makes up a
    /// cursor asks for that.
    #[error("a query cannot go on there")]
    Position,
}

impl From<StoreError> for Problem {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Service(_) => Problem::new(&UNAVAILABLE)
                .header(http::header::RETRY_AFTER, "1")
                .caused_by(err),
            StoreError::Corrupt { .. } => Problem::internal(err),
            StoreError::Position => invalid_cursor(),
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
        if !query.is_in_place() {
            return Err(StoreError::Position);
        }
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
