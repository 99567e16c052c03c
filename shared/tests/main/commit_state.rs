//! XC-12: the rules of the atomic commit, one by one.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use shared::clock::Clock;
use shared::commit::CommitError;
use shared::id::UserId;
use shared::problem::{FORBIDDEN, Problem};
use shared::testing::{TestDb, now};
use uuid::Uuid;

use crate::support::{Note, census, commit, declared, profile};

#[tokio::test]
async fn what_exists_cannot_be_created() {
    let table = TestDb::start().await.table("t").await;
    let create = |text: &'static str| {
        commit(&table, move |c| {
            c.create(&Note::new("1", text));
        })
    };
    create("first").await.unwrap();
    assert_eq!(declared(create("second").await), "conflict");
    let end = commit(&table, |c| {
        c.create(&Note::new("1", "third"))
            .or(Problem::new(&FORBIDDEN));
    });
    assert_eq!(declared(end.await), "forbidden");
    let note = Note::read(&table, "1").await.unwrap();
    assert_eq!((note.text.as_str(), note.version), ("first", 1));
}

#[tokio::test]
async fn what_has_expired_can_be_created_again() {
    let clock = Clock::fixed(now());
    let table = TestDb::start()
        .await
        .with_clock(clock.clone())
        .table("t")
        .await;
    let brief = Note {
        until: Some(now() + Duration::from_secs(10)),
        ..Note::new("1", "brief")
    };
    commit(&table, |c| {
        c.create(&brief);
    })
    .await
    .unwrap();
    clock.advance(SignedDuration::from_secs(9));
    let create = || {
        commit(&table, |c| {
            c.create(&Note::new("1", "next"));
        })
    };
    assert_eq!(declared(create().await), "conflict");
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(
        Note::read(&table, "1").await,
        None,
        "nobody sees it any more"
    );
    create().await.unwrap();
    assert_eq!(Note::read(&table, "1").await.unwrap().text, "next");
}

#[tokio::test]
async fn a_replacement_needs_the_version_that_was_read() {
    let table = TestDb::start().await.table("t").await;
    let replace = |version, text: &'static str| {
        let note = Note {
            version,
            ..Note::new("1", text)
        };
        commit(&table, move |c| {
            c.replace(&note);
        })
    };
    assert_eq!(
        declared(replace(1, "nothing there").await),
        "version-conflict"
    );
    commit(&table, |c| {
        c.create(&Note::new("1", "first"));
    })
    .await
    .unwrap();
    replace(1, "second").await.unwrap();
    assert_eq!(declared(replace(1, "stale").await), "version-conflict");
    let note = Note::read(&table, "1").await.unwrap();
    assert_eq!((note.text.as_str(), note.version), ("second", 2));
    let racing = join_all((0..50).map(|_| replace(2, "third"))).await;
    assert_eq!(racing.iter().filter(|end| end.is_ok()).count(), 1);
    assert_eq!(Note::read(&table, "1").await.unwrap().version, 3);
}

#[tokio::test]
async fn two_updates_of_one_item_are_one() {
    let table = TestDb::start().await.table("t").await;
    let twice = |cap: i64| {
        commit(&table, move |c| {
            c.update(Note::at("1")).add("n", 1).set("id", "1");
            c.update(Note::at("1"))
                .add("n", 2)
                .set("text", "counted")
                .when("attribute_not_exists(#n) OR #n < :cap")
                .bind(":cap", cap);
            assert_eq!(c.len(), 1);
        })
    };
    twice(5).await.unwrap();
    twice(5).await.unwrap();
    let note = Note::read(&table, "1").await.unwrap();
    assert_eq!((note.n, note.text.as_str()), (6, "counted"));
    assert_eq!(declared(twice(5).await), "conflict");
}

#[tokio::test]
async fn an_or_of_one_condition_does_not_swallow_another() {
    let table = TestDb::start().await.table("t").await;
    let end = commit(&table, |c| {
        c.update(Note::at("1"))
            .set("id", "1")
            .when("attribute_exists(#id)")
            .when("attribute_not_exists(#n) OR #n < :cap")
            .bind(":cap", 5);
    });
    assert_eq!(declared(end.await), "conflict");
    let end = commit(&table, |c| {
        c.update(Note::at("1"))
            .set("id", "1")
            .when("attribute_not_exists(#n) OR #n < :cap")
            .bind(":cap", 5)
            .when("attribute_exists(#id)");
    });
    assert_eq!(declared(end.await), "conflict");
}

#[tokio::test]
async fn changes_that_exclude_each_other_are_refused() {
    let db = TestDb::start().await;
    let table = db.table("t").await;
    let refused = |end| assert!(matches!(end, Err(CommitError::Invalid(_))), "{end:?}");
    refused(
        commit(&table, |c| {
            c.create(&Note::new("1", "a"));
            c.update(Note::at("1")).add("n", 1);
        })
        .await,
    );
    refused(
        commit(&table, |c| {
            c.create(&Note::new("1", "a"));
            c.create(&Note::new("1", "a"));
        })
        .await,
    );
    refused(
        commit(&table, |c| {
            c.delete(Note::at("1"));
            c.check(Note::at("1")).when("attribute_exists(#pk)");
        })
        .await,
    );
    // One value name with two values: one of the conditions would be lost.
    refused(
        commit(&table, |c| {
            c.update(Note::at("1"))
                .add("n", 1)
                .when("#n < :cap")
                .bind(":cap", 1);
            c.update(Note::at("1"))
                .add("n", 1)
                .when("#n < :cap")
                .bind(":cap", 2);
        })
        .await,
    );
    assert!(db.items(&table).await.is_empty());
}

#[tokio::test]
async fn an_event_is_handled_once_and_that_outranks_other_reasons() {
    let db = TestDb::start().await;
    let table = db.table("t").await;
    let id = Uuid::now_v7();
    let handle = || {
        commit(&table, |c| {
            c.create(&Note::new("1", "a")).or(Problem::new(&FORBIDDEN));
            c.once(id);
            c.publish(&profile(UserId::new(), "x"), 1);
        })
    };
    handle().await.unwrap();
    for _ in 0..2 {
        assert!(matches!(handle().await, Err(CommitError::Duplicate)));
    }
    let counted = census(&db, &table).await;
    assert_eq!((counted.notes, counted.events, counted.seen), (1, 1, 1));
    let racing = join_all((0..20).map(|_| {
        commit(&table, |c| {
            c.once_for("part 2");
        })
    }))
    .await;
    assert_eq!(racing.iter().filter(|end| end.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_projection_takes_only_what_is_later() {
    let clock = Clock::fixed(now());
    let table = TestDb::start()
        .await
        .with_clock(clock.clone())
        .table("t")
        .await;
    let project = |sequence: u64, until| {
        let note = Note {
            until,
            ..Note::new("1", &sequence.to_string())
        };
        commit(&table, move |c| {
            c.project(&note, sequence);
        })
    };
    project(3, None).await.unwrap();
    for late in [1, 2, 3] {
        assert!(
            matches!(project(late, None).await, Err(CommitError::Stale)),
            "{late}"
        );
    }
    project(10, Some(now() + Duration::from_secs(5)))
        .await
        .unwrap();
    assert_eq!(Note::read(&table, "1").await.unwrap().text, "10");
    assert!(matches!(project(4, None).await, Err(CommitError::Stale)));
    clock.advance(SignedDuration::from_secs(5));
    project(4, None).await.unwrap();
    assert_eq!(
        Note::read(&table, "1").await.unwrap().text,
        "4",
        "an expired one is no more"
    );
}
