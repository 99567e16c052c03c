use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure};
use futures::future::join_all;

use super::{item, key, n, number, read, s, write};
use crate::table::{Item, Table};

const ABSENT: &str = "attribute_not_exists(pk)";

/// `Err` with the old item when the condition did not hold.
async fn put_if(table: &Table, item: Item, condition: &str) -> Result<PutItemOutput, Option<Item>> {
    let request = table
        .client()
        .put_item()
        .table_name(table.name())
        .set_item(Some(item));
    let request = request
        .condition_expression(condition)
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    request
        .send()
        .await
        .map_err(|err| match err.into_service_error() {
            PutItemError::ConditionalCheckFailedException(failure) => failure.item,
            other => panic!("{other:?}"),
        })
}

pub(super) async fn a_failed_put_shows_what_stood_there(table: Table) {
    let first = item("A", "1", &[("commit", s("c1"))]);
    put_if(&table, first.clone(), ABSENT).await.unwrap();
    let old = put_if(&table, item("A", "1", &[("commit", s("c2"))]), ABSENT)
        .await
        .unwrap_err();
    assert_eq!(old, Some(first.clone()));
    assert_eq!(read(&table, "A", "1").await, Some(first));
    let old = put_if(&table, item("A", "2", &[]), "attribute_exists(pk)")
        .await
        .unwrap_err();
    assert_eq!(old, None, "nothing stood there");
    assert_eq!(read(&table, "A", "2").await, None);
}

/// Adds 1 to `n` while it is below `cap`.
async fn step(table: &Table, sk: &str, cap: i64) -> Result<i64, Option<Item>> {
    let request = table.client().update_item().table_name(table.name());
    let request = request
        .set_key(Some(key("COUNTER", sk)))
        .update_expression("ADD #n :one")
        .condition_expression("attribute_not_exists(#n) OR #n < :cap")
        .expression_attribute_names("#n", "n")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":cap", n(cap))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    match request.send().await {
        Ok(output) => Ok(number(&output.attributes.unwrap(), "n")),
        Err(err) => match err.into_service_error() {
            UpdateItemError::ConditionalCheckFailedException(failure) => Err(failure.item),
            other => panic!("{other:?}"),
        },
    }
}

pub(super) async fn a_failed_update_changes_nothing(table: Table) {
    assert_eq!(step(&table, "1", 2).await, Ok(1));
    assert_eq!(step(&table, "1", 2).await, Ok(2));
    let old = step(&table, "1", 2).await.unwrap_err();
    assert_eq!(old.map(|old| number(&old, "n")), Some(2));
    assert_eq!(number(&read(&table, "COUNTER", "1").await.unwrap(), "n"), 2);
}

pub(super) async fn a_conditional_delete_needs_its_condition(table: Table) {
    let stands = item("A", "1", &[("version", n(3))]);
    write(&table, stands.clone()).await;
    let delete = async |sk: &str, version: i64| {
        let request = table.client().delete_item().table_name(table.name());
        let request = request
            .set_key(Some(key("A", sk)))
            .condition_expression("version = :v")
            .expression_attribute_values(":v", n(version))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        request.send().await.map_err(|err| {
            assert_eq!(err.code(), Some("ConditionalCheckFailedException"));
        })
    };
    delete("1", 2).await.unwrap_err();
    assert_eq!(read(&table, "A", "1").await, Some(stands));
    delete("1", 3).await.unwrap();
    assert_eq!(read(&table, "A", "1").await, None);
    delete("1", 3).await.unwrap_err();
    // Without a condition, deleting what is not there is done already.
    let request = table.client().delete_item().table_name(table.name());
    request.set_key(Some(key("A", "1"))).send().await.unwrap();
}

pub(super) async fn an_expired_item_counts_as_absent_where_we_say_so(table: Table) {
    write(&table, item("A", "past", &[("ttl", n(100))])).await;
    write(&table, item("A", "future", &[("ttl", n(300))])).await;
    write(&table, item("A", "for ever", &[])).await;
    let create = async |sk: &str| {
        let request = table.client().put_item().table_name(table.name());
        let request = request
            .set_item(Some(item("A", sk, &[("new", s("yes"))])))
            .condition_expression("(attribute_not_exists(#pk) OR #ttl <= :now)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", n(200));
        request.send().await.is_ok()
    };
    assert!(create("past").await && create("none").await);
    assert!(!create("future").await && !create("for ever").await && !create("past").await);
    let now = read(&table, "A", "past").await.unwrap();
    assert!(
        now.contains_key("new") && !now.contains_key("ttl"),
        "put replaces the whole item"
    );
}

pub(super) async fn counters_start_at_nothing_and_lose_no_step(table: Table) {
    let steps = join_all((0..100).map(|_| step(&table, "1", i64::MAX))).await;
    let mut values: Vec<i64> = steps.into_iter().map(Result::unwrap).collect();
    values.sort_unstable();
    assert_eq!(values, (1..=100).collect::<Vec<_>>());
}

pub(super) async fn racing_creations_have_one_winner(table: Table) {
    let create = async |who: i64| put_if(&table, item("A", "1", &[("who", n(who))]), ABSENT).await;
    let ends = join_all((0..100).map(create)).await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    let winner = read(&table, "A", "1").await;
    assert!(winner.is_some());
    for end in ends {
        if let Err(old) = end {
            assert_eq!(old, winner, "who loses sees the winner");
        }
    }
}

pub(super) async fn racing_guarded_updates_stop_at_the_guard(table: Table) {
    let ends = join_all((0..100).map(|_| step(&table, "1", 10))).await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 10);
    assert_eq!(
        number(&read(&table, "COUNTER", "1").await.unwrap(), "n"),
        10
    );
}

pub(super) async fn an_item_has_at_most_400_kb(table: Table) {
    write(
        &table,
        item("A", "fits", &[("body", s("x".repeat(390 * 1024)))]),
    )
    .await;
    let big = item("A", "big", &[("body", s("x".repeat(410 * 1024)))]);
    let sent = table
        .client()
        .put_item()
        .table_name(table.name())
        .set_item(Some(big))
        .send()
        .await;
    assert_eq!(sent.unwrap_err().code(), Some("ValidationException"));
    assert_eq!(read(&table, "A", "big").await, None);
}
