//! The outbox as it stands in the tables: partitions by hour and shard.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::commit::{OUTBOX_SHARDS, outbox_partition};

use super::RelayError;
use super::message::{Message, Origin, Poison};

/// What the keys of all outbox items begin with.
pub const PREFIX: &str = "OUTBOX#";
/// Items a page: a few seconds of publication at most.
const PAGE: i32 = 200;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A place in the outboxes: everything before it is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// An instant in the hour.
    pub hour: Timestamp,
    /// The table.
    pub table: String,
    /// The shard of the hour.
    pub shard: u8,
    /// The sort key of the last item done in this partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// All partitions that a span touches, in a fixed order: by hour, then table,
/// then shard.
#[derive(Debug)]
pub struct Walk<'a> {
    tables: &'a [String],
    hour: Timestamp,
    end: Timestamp,
    table: usize,
    shard: u8,
    begun: Option<String>,
}

impl<'a> Walk<'a> {
    /// The partitions of `tables` from `from` until `to`, from `start` on.
    pub fn over(
        tables: &'a [String],
        from: Timestamp,
        to: Timestamp,
        start: Option<Place>,
    ) -> Self {
        let known = start.and_then(|place| {
            let table = tables.iter().position(|table| *table == place.table)?;
            Some((place, table))
        });
        let (hour, table, shard, begun) = match known {
            Some((place, table)) if place.hour >= hour_of(from) => {
                (hour_of(place.hour), table, place.shard, place.after)
            }
            _ => (hour_of(from), 0, 0, None),
        };
        Self {
            tables,
            hour,
            end: to,
            table,
            shard,
            begun,
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        if self.shard >= OUTBOX_SHARDS {
            (self.shard, self.table) = (0, self.table + 1);
        }
        if self.table >= self.tables.len() {
            self.table = 0;
            self.hour = self.hour.saturating_add(HOUR).ok()?;
        }
        if self.hour >= self.end {
            return None;
        }
        let place = Place {
            hour: self.hour,
            table: self.tables.get(self.table)?.clone(),
            shard: self.shard,
            after: self.begun.take(),
        };
        self.shard += 1;
        Some(place)
    }
}

/// The beginning of the hour; outbox partitions are hours of UTC.
fn hour_of(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(3600)).unwrap_or(time)
}

/// Part of a partition.
#[derive(Debug)]
pub struct Page {
    /// What stands there.
    pub found: Vec<Result<Message, Box<Poison>>>,
    /// The sort key to go on after, if there is more.
    pub next: Option<String>,
}

/// The tables that have an outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    client: Client,
    tables: Vec<String>,
}

impl Outbox {
    /// The outboxes of `tables`.
    pub fn new(client: Client, tables: Vec<String>) -> Self {
        Self { client, tables }
    }

    /// The names of the tables.
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    /// One page of a partition.
    ///
    /// # Errors
    /// [`RelayError::Outbox`] when the table cannot be read.
    pub async fn page(&self, place: &Place) -> Result<Page, RelayError> {
        let partition = AttributeValue::S(outbox_partition(place.hour, place.shard));
        let start = place.after.as_ref().map(|sk| {
            HashMap::from([
                ("pk".to_owned(), partition.clone()),
                ("sk".to_owned(), AttributeValue::S(sk.clone())),
            ])
        });
        let output = self
            .client
            .query()
            .table_name(&place.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", partition)
            .set_exclusive_start_key(start)
            .limit(PAGE)
            .send()
            .await
            .map_err(|err| RelayError::Outbox(DisplayErrorContext(&err).to_string()))?;
        let next = output
            .last_evaluated_key()
            .and_then(|key| key.get("sk")?.as_s().ok().cloned());
        let found = output
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|item| message(item, &place.table))
            .collect();
        Ok(Page { found, next })
    }
}

fn message(item: HashMap<String, AttributeValue>, table: &str) -> Result<Message, Box<Poison>> {
    let event = item
        .get("event")
        .and_then(|value| value.as_s().ok())
        .cloned();
    let origin = Origin {
        table: table.to_owned(),
        item: serde_dynamo::from_item(item).unwrap_or(Value::Null),
    };
    Message::from_item(event.as_deref(), origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn xc_12_a_walk_visits_every_partition_of_the_span_once_and_can_go_on() {
        let tables = ["a".to_owned(), "b".to_owned()];
        let (from, to) = (at("2026-05-01T10:59:00Z"), at("2026-05-01T12:00:00Z"));
        let all: Vec<Place> = Walk::over(&tables, from, to, None).collect();
        assert_eq!(all.len(), 2 * 2 * usize::from(OUTBOX_SHARDS));
        assert_eq!(all[0].hour, at("2026-05-01T10:00:00Z"));
        assert!(all.iter().all(|place| place.hour < to));
        for (index, place) in all.iter().enumerate() {
            let rest: Vec<Place> = Walk::over(&tables, from, to, Some(place.clone())).collect();
            assert_eq!(rest, all[index..]);
        }
    }
}
