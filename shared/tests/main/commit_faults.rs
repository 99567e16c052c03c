//! XC-12: what a commit makes of lost answers, conflicts, throttling and time.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::commit::{Commit, CommitError, Settled};
use shared::cx::Context;
use shared::id::UserId;
use shared::problem::{FORBIDDEN, Problem};
use shared::table::{StoreError, Table};
use shared::testing::{Fault, Faults, TestDb, cx};
use shared::worker::WorkerError;
use uuid::Uuid;

use crate::support::{Note, census, commit, declared, profile};

struct Lab {
    db: TestDb,
    faults: Faults,
    /// Without faults, for preparing and looking.
    plain: Table,
    /// Behind the faults; one try is one call.
    table: Table,
}

impl Lab {
    async fn new() -> Self {
        let db = TestDb::start().await;
        let plain = db.table("t").await;
        let faults = Faults::before(&db);
        let table = faults.bare_table(&plain);
        Self {
            db,
            faults,
            plain,
            table,
        }
    }

    fn tokens(&self) -> Vec<String> {
        let calls = self.faults.calls();
        calls
            .iter()
            .map(|call| call.body["ClientRequestToken"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn lost() -> [Fault; 2] {
    // Once on the wire, once behind a gateway that hides the answer.
    [
        Fault::LoseAnswer,
        Fault::ReplaceAnswer(500, json!({"__type": "InternalServerError"})),
    ]
}

async fn each_change(table: &Table, round: &str) {
    let id = |name: &str| format!("{round}-{name}");
    commit(table, |c| {
        c.create(&Note::new(&id("create"), "a"))
            .or(Problem::new(&FORBIDDEN));
    })
    .await
    .unwrap();
    let read = Note {
        version: 1,
        ..Note::new(&id("replace"), "b")
    };
    commit(table, |c| {
        c.replace(&read);
    })
    .await
    .unwrap();
    commit(table, |c| {
        c.project(&Note::new(&id("project"), "b"), 2);
    })
    .await
    .unwrap();
    commit(table, |c| {
        c.once_for(&id("once"));
    })
    .await
    .unwrap();
    commit(table, |c| {
        c.update(Note::at(&id("set")))
            .set("text", "b")
            .when("#text = :a")
            .bind(":a", "a");
    })
    .await
    .unwrap();
    commit(table, |c| {
        c.update(Note::at(&id("add"))).add("n", 1);
    })
    .await
    .unwrap();
    commit(table, |c| {
        c.update(Note::at(&id("guarded")))
            .add("n", 1)
            .when("#n < :cap")
            .bind(":cap", 1);
    })
    .await
    .unwrap();
    commit(table, |c| {
        c.delete(Note::at(&id("delete")))
            .when("attribute_exists(#pk)");
    })
    .await
    .unwrap();
    commit(table, |c| {
        c.create(&Note::new(&id("many"), "a"));
        c.update(Note::at(&id("add"))).add("n", 1);
        c.once_for(&id("many"));
        c.publish(&profile(UserId::new(), "x"), 1);
    })
    .await
    .unwrap();
}

/// A lost answer is not mistaken for a failed condition, nor is anything done
/// twice: by our tries as by the SDK's own.
#[tokio::test]
async fn a_lost_answer_changes_nothing() {
    for (round, fault) in lost().into_iter().enumerate() {
        let lab = Lab::new().await;
        let round = round.to_string();
        for table in [&lab.table, &lab.faults.table(&lab.plain)] {
            let round = format!("{round}-{}", Uuid::now_v7());
            for name in ["replace", "project", "set", "add", "guarded", "delete"] {
                let note = Note::new(&format!("{round}-{name}"), "a");
                commit(&lab.plain, |c| {
                    c.create(&note);
                })
                .await
                .unwrap();
            }
            let before = census(&lab.db, &lab.plain).await;
            // Each commit's first call loses its answer.
            lab.faults
                .next((0..9).flat_map(|_| [fault.clone(), Fault::Pass]));
            each_change(table, &round).await;
            assert_eq!(lab.faults.calls().len(), 18);
            let read = async |name: &str| Note::read(&lab.plain, &format!("{round}-{name}")).await;
            assert_eq!(read("create").await.unwrap().version, 1);
            assert_eq!(read("replace").await.unwrap().version, 2);
            assert_eq!(read("project").await.unwrap().text, "b");
            assert_eq!(read("set").await.unwrap().text, "b");
            assert_eq!(read("add").await.unwrap().n, 2);
            assert_eq!(read("guarded").await.unwrap().n, 1);
            assert_eq!(read("delete").await, None);
            let after = census(&lab.db, &lab.plain).await;
            assert_eq!(
                after.notes,
                before.notes + 1,
                "create, many, but for the deleted one"
            );
            assert_eq!(
                (after.events - before.events, after.seen - before.seen),
                (1, 2)
            );
        }
    }
}

#[tokio::test]
async fn a_lost_answer_after_which_another_wrote_does_not_count_twice() {
    let lab = Lab::new().await;
    commit(&lab.plain, |c| {
        c.create(&Note::new("1", "a"));
    })
    .await
    .unwrap();
    lab.faults.next([Fault::LoseAnswer]);
    let (ours, other) = futures::join!(
        commit(&lab.table, |c| {
            c.update(Note::at("1")).add("n", 1);
        }),
        async {
            // As soon as ours has arrived, somebody else's id stands on the item.
            while Note::read(&lab.plain, "1").await.unwrap().n == 0 {
                tokio::task::yield_now().await;
            }
            commit(&lab.plain, |c| {
                c.update(Note::at("1")).add("n", 10);
            })
            .await
        }
    );
    ours.unwrap();
    other.unwrap();
    assert_eq!(Note::read(&lab.plain, "1").await.unwrap().n, 11);
    let calls = lab.faults.calls();
    assert!(
        calls
            .iter()
            .all(|call| call.operation == "TransactWriteItems"),
        "{calls:?}"
    );
}

async fn pair(table: &Table, cx: &Context) -> Result<(), CommitError> {
    let mut commit = Commit::new(table, cx);
    commit
        .create(&Note::new("1", "a"))
        .or(Problem::new(&FORBIDDEN));
    commit.create(&Note::new("2", "a"));
    commit.execute().await
}

#[tokio::test]
async fn conflicts_and_throttling_are_retried_under_one_token() {
    let lab = Lab::new().await;
    lab.faults.next([
        Fault::cancelled(&["TransactionConflict", "None"]),
        Fault::cancelled(&["None", "TransactionConflict"]),
        Fault::cancelled(&["ThrottlingError", "None"]),
        Fault::cancelled(&["None", "ProvisionedThroughputExceeded"]),
        Fault::error(400, "TransactionInProgressException"),
        Fault::error(400, "ThrottlingException"),
        Fault::error(503, "ServiceUnavailable"),
    ]);
    pair(&lab.table, &cx()).await.unwrap();
    let mut tokens = lab.tokens();
    assert_eq!(tokens.len(), 8);
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(census(&lab.db, &lab.plain).await.notes, 2);
    // Another commit has another.
    commit(&lab.table, |c| {
        c.update(Note::at("1")).add("n", 1);
    })
    .await
    .unwrap();
    assert_ne!(lab.tokens(), tokens);
    lab.faults.next([
        Fault::error(400, "ProvisionedThroughputExceededException"),
        Fault::error(400, "TransactionConflictException"),
        Fault::error(400, "RequestLimitExceeded"),
    ]);
    commit(&lab.table, |c| {
        c.create(&Note::new("3", "a"));
    })
    .await
    .unwrap();
    assert_eq!(lab.faults.calls().len(), 4);
}

#[tokio::test]
async fn failed_conditions_and_refusals_are_final() {
    let lab = Lab::new().await;
    commit(&lab.plain, |c| {
        c.create(&Note::new("1", "a"));
    })
    .await
    .unwrap();
    assert_eq!(declared(pair(&lab.table, &cx()).await), "forbidden");
    assert_eq!(
        declared(
            commit(&lab.table, |c| {
                c.create(&Note::new("1", "a"));
            })
            .await
        ),
        "conflict"
    );
    assert_eq!(lab.faults.calls().len(), 2);
    // A failed condition is certain to fail again, whatever else there was.
    lab.faults.next([Fault::cancelled(&[
        "ConditionalCheckFailed",
        "TransactionConflict",
    ])]);
    assert_eq!(declared(pair(&lab.table, &cx()).await), "forbidden");
    lab.faults
        .next([Fault::cancelled(&["ValidationError", "None"])]);
    assert!(matches!(
        pair(&lab.table, &cx()).await,
        Err(CommitError::Invalid(_))
    ));
    lab.faults.next([Fault::error(400, "ValidationException")]);
    assert!(matches!(
        pair(&lab.table, &cx()).await,
        Err(CommitError::Invalid(_))
    ));
    lab.faults
        .next([Fault::error(400, "AccessDeniedException")]);
    let refused = pair(&lab.table, &cx()).await;
    assert!(
        matches!(refused, Err(CommitError::Store(StoreError::Service(_)))),
        "{refused:?}"
    );
    assert_eq!(lab.faults.calls().len(), 4);
}

#[tokio::test]
async fn the_deadline_holds_and_doubt_is_admitted() {
    let lab = Lab::new().await;
    let brief = || Context::begin(Duration::from_millis(400));
    let end = async |fault: Fault| {
        lab.faults.always(Some(fault));
        let began = Instant::now();
        let err = pair(&lab.table, &brief()).await.unwrap_err();
        assert!(
            began.elapsed() < Duration::from_millis(700),
            "{:?}",
            began.elapsed()
        );
        (err, lab.faults.calls().len())
    };
    let (err, calls) = end(Fault::cancelled(&["TransactionConflict", "None"])).await;
    assert!(
        matches!(err, CommitError::Contention(_)) && calls > 2,
        "{err:?}, {calls} calls"
    );
    assert!(err.retryable());
    assert_eq!(Problem::from(err).kind().slug, "unavailable");
    let (err, calls) = end(Fault::Hang).await;
    assert!(
        matches!(err, CommitError::Deadline) && calls == 1,
        "{err:?}, {calls} calls"
    );
    assert_eq!(Problem::from(err).kind().slug, "timeout");
    assert_eq!(census(&lab.db, &lab.plain).await.notes, 0);
    // It happened, and no answer ever came: "nothing was changed" would be a lie.
    let (err, calls) = end(Fault::LoseAnswer).await;
    assert!(
        matches!(err, CommitError::Deadline) && calls > 2,
        "{err:?}, {calls} calls"
    );
    assert_eq!(census(&lab.db, &lab.plain).await.notes, 2);
    // A deadline that has passed lets nothing begin.
    lab.faults.always(None);
    let past = Context::begin(Duration::ZERO);
    commit_within(&lab.table, &past).await;
    assert_eq!(lab.faults.calls().len(), 0);
}

async fn commit_within(table: &Table, cx: &Context) {
    let mut commit = Commit::new(table, cx);
    commit.create(&Note::new("late", "a"));
    assert!(matches!(commit.execute().await, Err(CommitError::Deadline)));
}

/// XC-01: a worker goes on over what is done and comes back to what may work.
#[test]
fn xc_01_workers_know_what_is_worth_another_try() {
    for done in [Ok(()), Err(CommitError::Duplicate), Err(CommitError::Stale)] {
        assert!(done.settled().is_ok());
    }
    let again = |err| WorkerError::from(err).retryable();
    assert!(again(CommitError::Deadline) && again(CommitError::Contention("x".into())));
    assert!(again(CommitError::Store(StoreError::Service("x".into()))));
    assert!(!again(CommitError::Invalid("x".into())));
    assert!(!again(CommitError::Condition(Problem::new(&FORBIDDEN))));
    assert!(Err(CommitError::Deadline).settled().is_err());
}
