//! XC-03: what a group keeps of a person goes in portions that are counted once.

use serde::{Deserialize, Serialize};
use shared::Timestamp;
use shared::commit::{Commit, CommitError};
use shared::event::operations::UserDeleted;
use shared::id::{OperationId, UserId};
use shared::personal::{Erased, Erasure};
use shared::table::{Entity, Key, Query, Table};
use shared::testing::{TestDb, cx, now};

const NOTES: usize = 200;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    user: UserId,
    number: usize,
}

impl Entity for Line {
    const KIND: &'static str = "line";

    fn key(&self) -> Key {
        Key::new(
            format!("USER#{}", self.user),
            format!("L#{:04}", self.number),
        )
    }
}

async fn kept(table: &Table, user: UserId) {
    for chunk in (0..NOTES).collect::<Vec<_>>().chunks(90) {
        let cx = cx();
        let mut commit = Commit::new(table, &cx);
        for number in chunk {
            commit.create(&Line {
                user,
                number: *number,
            });
        }
        commit.execute().await.unwrap();
    }
}

async fn erase(table: &Table, deleted: &UserDeleted) -> Result<bool, CommitError> {
    let cx = cx();
    let Some(mut erasure) = Erasure::begin(table, &cx, "test", deleted, now()).await? else {
        return Ok(false);
    };
    let all = Query::partition(format!("USER#{}", deleted.user_id));
    erasure.sweep("lines", all).await?;
    erasure.finish().await?;
    Ok(true)
}

/// Two deliveries at once: each item counts once, and it is said once.
#[tokio::test]
async fn xc_03_deliveries_at_the_same_time_count_each_thing_once() {
    let db = TestDb::start().await;
    let table = db.table("test").await;
    let (user_id, other) = (UserId::new(), UserId::new());
    kept(&table, user_id).await;
    kept(&table, other).await;
    let deleted = UserDeleted {
        user_id,
        operation_id: OperationId::new(),
    };
    assert!(!Erased::is(&table, user_id).await.unwrap());
    let at_once = futures::future::join3(
        erase(&table, &deleted),
        erase(&table, &deleted),
        erase(&table, &deleted),
    )
    .await;
    // Who lost a race comes again, as the queue has it.
    for result in [at_once.0, at_once.1, at_once.2] {
        if result.is_err() {
            erase(&table, &deleted).await.unwrap();
        }
    }
    assert!(!erase(&table, &deleted).await.unwrap(), "done before");
    let said = db.outbox(&table).await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].kind, "saga.step.completed");
    assert_eq!(said[0].source, "/domains/test");
    assert_eq!(said[0].data["counts"]["lines"], NOTES);
    let lines = Query::partition(format!("USER#{user_id}"));
    assert!(table.query_all::<Line>(lines).await.unwrap().is_empty());
    let others = Query::partition(format!("USER#{other}"));
    assert_eq!(table.query_all::<Line>(others).await.unwrap().len(), NOTES);
}

/// What comes late about somebody who is gone changes nothing.
#[tokio::test]
async fn xc_03_the_mark_keeps_late_news_out_until_nothing_can_be_late() {
    let db = TestDb::start().await;
    let table = db.table("test").await;
    let user = UserId::new();
    let late = async |number| {
        let cx = cx();
        let mut commit = Commit::new(&table, &cx);
        Erased::not(&mut commit, user);
        commit.create(&Line { user, number });
        commit.execute().await
    };
    late(1).await.unwrap();
    let deleted = UserDeleted {
        user_id: user,
        operation_id: OperationId::new(),
    };
    erase(&table, &deleted).await.unwrap();
    assert!(Erased::is(&table, user).await.unwrap());
    assert!(matches!(late(2).await, Err(CommitError::Condition(_))));
    let mark: Erased = table
        .get_consistent(&Erased::key_of(user))
        .await
        .unwrap()
        .unwrap();
    let least: Timestamp = now() + jiff::SignedDuration::from_hours(35 * 24);
    assert!(mark.expires_at().unwrap() >= least);
}
