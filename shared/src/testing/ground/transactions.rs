use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure as OnFailure,
    TransactWriteItem, Update,
};
use futures::future::join_all;
use uuid::Uuid;

use super::{item, key, n, number, read, s, write};
use crate::table::{Item, Table};

fn put(table: &Table, item: Item, condition: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table.name())
        .set_item(Some(item))
        .condition_expression(condition)
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    TransactWriteItem::builder()
        .put(put.build().unwrap())
        .build()
}

fn create(table: &Table, item: Item) -> TransactWriteItem {
    put(table, item, "attribute_not_exists(pk)")
}

fn check(table: &Table, sk: &str, condition: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder()
        .table_name(table.name())
        .set_key(Some(key("A", sk)))
        .condition_expression(condition)
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    TransactWriteItem::builder()
        .condition_check(check.build().unwrap())
        .build()
}

/// Adds `by` to `n`, which must stay within `0..=max`.
fn add(table: &Table, sk: &str, by: i64, max: i64) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(table.name())
        .set_key(Some(key("A", sk)))
        .update_expression("ADD #n :by")
        .condition_expression("attribute_not_exists(#n) OR #n BETWEEN :low AND :high")
        .expression_attribute_names("#n", "n")
        .expression_attribute_values(":by", n(by))
        .expression_attribute_values(":low", n(0.max(-by)))
        .expression_attribute_values(":high", n(max - by.max(0)))
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    TransactWriteItem::builder()
        .update(update.build().unwrap())
        .build()
}

async fn send(
    table: &Table,
    token: Option<&str>,
    actions: Vec<TransactWriteItem>,
) -> Result<(), TransactWriteItemsError> {
    let request = table
        .client()
        .transact_write_items()
        .set_transact_items(Some(actions));
    let request = request.set_client_request_token(token.map(str::to_owned));
    request
        .send()
        .await
        .map(|_| ())
        .map_err(aws_sdk_dynamodb::error::SdkError::into_service_error)
}

fn reasons(err: &TransactWriteItemsError) -> &[CancellationReason] {
    match err {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons()
        }
        other => panic!("{other:?}"),
    }
}

fn codes(err: &TransactWriteItemsError) -> Vec<&str> {
    reasons(err)
        .iter()
        .map(|reason| reason.code().unwrap_or("None"))
        .collect()
}

/// Repeats what lost against a conflict, as the commit does.
async fn persistent(
    table: &Table,
    actions: Vec<TransactWriteItem>,
) -> Result<(), TransactWriteItemsError> {
    loop {
        match send(table, None, actions.clone()).await {
            Err(err) if codes(&err).contains(&"TransactionConflict") => {
                tokio::task::yield_now().await;
            }
            end => return end,
        }
    }
}

pub(super) async fn all_or_nothing_with_a_reason_per_action(table: Table) {
    let stands = item("A", "2", &[("commit", s("c1"))]);
    write(&table, stands.clone()).await;
    let actions = ["1", "2", "3"].map(|sk| create(&table, item("A", sk, &[])));
    let err = send(&table, None, actions.to_vec()).await.unwrap_err();
    assert_eq!(codes(&err), ["None", "ConditionalCheckFailed", "None"]);
    assert_eq!(
        reasons(&err)[1].item(),
        Some(&stands),
        "the reason shows the old item"
    );
    assert!(reasons(&err)[0].item().is_none());
    assert_eq!(
        (read(&table, "A", "1").await, read(&table, "A", "3").await),
        (None, None)
    );
    let actions = ["1", "3"].map(|sk| create(&table, item("A", sk, &[])));
    send(&table, None, actions.to_vec()).await.unwrap();
    assert!(read(&table, "A", "1").await.is_some() && read(&table, "A", "3").await.is_some());
}

pub(super) async fn a_check_holds_others_back(table: Table) {
    let guarded = |condition: &str| {
        vec![
            check(&table, "door", condition),
            create(&table, item("A", "1", &[])),
        ]
    };
    let err = send(&table, None, guarded("attribute_exists(pk)"))
        .await
        .unwrap_err();
    assert_eq!(codes(&err), ["ConditionalCheckFailed", "None"]);
    assert_eq!(read(&table, "A", "1").await, None);
    send(&table, None, guarded("attribute_not_exists(pk)"))
        .await
        .unwrap();
    assert!(read(&table, "A", "1").await.is_some());
    assert_eq!(
        read(&table, "A", "door").await,
        None,
        "a check writes nothing"
    );
}

pub(super) async fn a_token_makes_a_repetition_harmless(table: Table) {
    let token = Uuid::now_v7().to_string();
    let actions = |by| {
        vec![
            add(&table, "1", by, 100),
            create(&table, item("A", "2", &[])),
        ]
    };
    for _ in 0..3 {
        send(&table, Some(&token), actions(1)).await.unwrap();
    }
    assert_eq!(number(&read(&table, "A", "1").await.unwrap(), "n"), 1);
    let err = send(&table, Some(&token), actions(2)).await.unwrap_err();
    assert_eq!(err.code(), Some("IdempotentParameterMismatchException"));
    // A cancelled transaction leaves its token free.
    let token = Uuid::now_v7().to_string();
    let again = vec![
        create(&table, item("A", "3", &[])),
        check(&table, "4", "attribute_exists(pk)"),
    ];
    send(&table, Some(&token), again.clone()).await.unwrap_err();
    write(&table, item("A", "4", &[])).await;
    send(&table, Some(&token), again).await.unwrap();
}

pub(super) async fn one_item_takes_one_action(table: Table) {
    let twice = vec![
        create(&table, item("A", "1", &[])),
        check(&table, "1", "attribute_not_exists(pk)"),
    ];
    let err = send(&table, None, twice).await.unwrap_err();
    assert_eq!(err.code(), Some("ValidationException"));
    assert_eq!(read(&table, "A", "1").await, None);
}

pub(super) async fn a_hundred_actions_and_no_more(table: Table) {
    let many = |count: usize, name: &str| {
        (0..count)
            .map(|i| create(&table, item("A", &format!("{name}{i}"), &[])))
            .collect::<Vec<_>>()
    };
    send(&table, None, many(100, "a")).await.unwrap();
    assert!(read(&table, "A", "a99").await.is_some());
    let err = send(&table, None, many(101, "b")).await.unwrap_err();
    assert_eq!(err.code(), Some("ValidationException"));
    assert_eq!(read(&table, "A", "b0").await, None);
}

pub(super) async fn racing_transactions_never_pass_the_cap(table: Table) {
    let take = |who: usize| {
        let actions = vec![
            add(&table, "places", 1, 10),
            create(&table, item("A", &format!("seat{who}"), &[])),
        ];
        persistent(&table, actions)
    };
    let ends = join_all((0..100).map(take)).await;
    let mut seats = 0;
    for (who, end) in ends.iter().enumerate() {
        let seated = read(&table, "A", &format!("seat{who}")).await.is_some();
        assert_eq!(seated, end.is_ok(), "{end:?}");
        seats += usize::from(seated);
        if let Err(err) = end {
            assert_eq!(codes(err), ["ConditionalCheckFailed", "None"]);
        }
    }
    assert_eq!(seats, 10);
    assert_eq!(number(&read(&table, "A", "places").await.unwrap(), "n"), 10);
}

pub(super) async fn transfers_neither_make_nor_lose(table: Table) {
    for account in ["x", "y", "z"] {
        write(&table, item("A", account, &[("n", n(5))])).await;
    }
    let pairs = [("x", "y"), ("y", "z"), ("z", "x"), ("y", "x")];
    let transfer = |i: usize| {
        let (from, to) = pairs[i % pairs.len()];
        persistent(
            &table,
            vec![add(&table, from, -1, 15), add(&table, to, 1, 15)],
        )
    };
    let ends = join_all((0..60).map(transfer)).await;
    assert!(ends.iter().any(Result::is_ok));
    let mut sum = 0;
    for account in ["x", "y", "z"] {
        let n = number(&read(&table, "A", account).await.unwrap(), "n");
        assert!((0..=15).contains(&n), "{account} has {n}");
        sum += n;
    }
    assert_eq!(sum, 15);
}

pub(super) async fn an_expired_item_gives_way_in_a_transaction(table: Table) {
    for (sk, ttl) in [("past", 100), ("future", 300)] {
        write(&table, item("A", sk, &[("ttl", n(ttl))])).await;
    }
    let take = |sk: &str| {
        let put = Put::builder()
            .table_name(table.name())
            .set_item(Some(item("A", sk, &[("ttl", n(900))])))
            .condition_expression("(attribute_not_exists(#pk) OR #ttl <= :now)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", n(200));
        let put = TransactWriteItem::builder()
            .put(put.build().unwrap())
            .build();
        send(
            &table,
            None,
            vec![put, create(&table, item("A", &format!("{sk}-2"), &[]))],
        )
    };
    take("past").await.unwrap();
    assert_eq!(
        number(&read(&table, "A", "past").await.unwrap(), "ttl"),
        900
    );
    assert_eq!(
        codes(&take("future").await.unwrap_err())[0],
        "ConditionalCheckFailed"
    );
}
