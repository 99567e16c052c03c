//! The ground that the atomic commit stands on: what we rely on of DynamoDB,
//! as one suite for every implementation that we run on. It speaks to the
//! client directly, so that a fault of ours cannot hide a fault of the ground.

mod conditions;
mod queries;
mod transactions;

use std::pin::Pin;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::TestDb;
use crate::table::{Entity, Indexes, Item, Key, Table};

type Check = fn(Table) -> Pin<Box<dyn Future<Output = ()>>>;

macro_rules! suite {
    ($($module:ident: $($name:ident)*;)*) => {
        /// Every check with its name.
        pub const SUITE: &[(&str, Check)] = &[
            $($((stringify!($name), |table| Box::pin($module::$name(table))),)*)*
        ];
    };
}

suite! {
    conditions:
        a_failed_put_shows_what_stood_there
        a_failed_update_changes_nothing
        a_conditional_delete_needs_its_condition
        an_expired_item_counts_as_absent_where_we_say_so
        counters_start_at_nothing_and_lose_no_step
        racing_creations_have_one_winner
        racing_guarded_updates_stop_at_the_guard
        an_item_has_at_most_400_kb;
    transactions:
        all_or_nothing_with_a_reason_per_action
        a_check_holds_others_back
        a_token_makes_a_repetition_harmless
        one_item_takes_one_action
        a_hundred_actions_and_no_more
        racing_transactions_never_pass_the_cap
        transfers_neither_make_nor_lose
        an_expired_item_gives_way_in_a_transaction;
    queries:
        pages_follow_each_other_both_ways
        ranges_of_sort_keys
        indexes_hold_only_what_has_their_keys
        pages_of_an_index_with_equal_keys
        batches_of_more_than_a_hundred
        expired_items_are_invisible;
}

/// Runs one check on a fresh table of `db` and removes the table.
pub async fn run(db: &TestDb, name: &str) {
    let (_, check) = SUITE
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a check of the suite");
    let table = db.table("ground").await;
    check(table.clone()).await;
    db.drop_table(&table).await;
}

/// Runs the whole suite.
pub async fn run_all(db: &TestDb) {
    for (name, _) in SUITE {
        run(db, name).await;
    }
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn number(item: &Item, name: &str) -> i64 {
    item[name].as_n().unwrap().parse().unwrap()
}

fn key(pk: &str, sk: &str) -> Item {
    Key::new(pk, sk).attributes()
}

fn item(pk: &str, sk: &str, with: &[(&str, AttributeValue)]) -> Item {
    let mut item = key(pk, sk);
    item.extend(
        with.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    item
}

async fn read(table: &Table, pk: &str, sk: &str) -> Option<Item> {
    let request = table.client().get_item().table_name(table.name());
    request
        .set_key(Some(key(pk, sk)))
        .consistent_read(true)
        .send()
        .await
        .unwrap()
        .item
}

async fn write(table: &Table, item: Item) {
    let request = table.client().put_item().table_name(table.name());
    request.set_item(Some(item)).send().await.unwrap();
}

/// What the checks of typed reads store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    rank: Option<String>,
}

impl Entity for Row {
    const KIND: &'static str = "row";

    fn key(&self) -> Key {
        Key::new(&self.pk, &self.sk)
    }

    fn indexes(&self) -> Indexes {
        let gsi1 = self.group.clone().zip(self.rank.clone());
        Indexes {
            gsi1: gsi1.map(|(pk, sk)| Key::new(pk, sk)),
            gsi2: None,
        }
    }
}
