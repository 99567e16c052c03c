//! XC-12: a commit happens whole or not at all.

use futures::future::join_all;
use shared::clock::Clock;
use shared::commit::{CommitError, MAX_ACTIONS, MAX_EVENT, OUTBOX_KEPT, outbox_key};
use shared::id::UserId;
use shared::problem::{FORBIDDEN, Problem};
use shared::table::Key;
use shared::testing::{TestDb, now};

use crate::support::{Note, census, commit, declared, profile};

#[tokio::test]
async fn events_stand_in_the_outbox_with_what_they_tell_of() {
    let db = TestDb::start().await.with_clock(Clock::fixed(now()));
    let table = db.table("t").await;
    let user = UserId::new();
    commit(&table, |c| {
        c.create(&Note::new("1", "a"));
        c.publish(&profile(user, "one"), 7);
        c.publish(&profile(user, "two"), 8);
    })
    .await
    .unwrap();
    let events = db.outbox(&table).await;
    let told: Vec<_> = events
        .iter()
        .map(|e| (e.data["changes"]["text"].as_str().unwrap(), e.sequence))
        .collect();
    assert_eq!(told, [("one", 7), ("two", 8)]);
    let wanted = (now() + OUTBOX_KEPT).as_second().to_string();
    for event in &events {
        assert_eq!(
            (event.subject.as_str(), event.time),
            (user.to_string().as_str(), now())
        );
        let key = outbox_key(event);
        let items = db.items(&table).await;
        let item = items
            .iter()
            .find(|item| item["sk"].as_s().unwrap() == &key.sk)
            .unwrap();
        assert_eq!(item["pk"].as_s().unwrap(), &key.pk);
        assert!(key.pk.starts_with("OUTBOX#2026-09-01T10#"), "{}", key.pk);
        assert_eq!(item["type"].as_s().unwrap(), "user.profile.updated");
        assert_eq!(item["ttl"].as_n().unwrap(), &wanted);
    }
    let failing = commit(&table, |c| {
        c.create(&Note::new("1", "again"));
        c.publish(&profile(user, "never"), 9);
    });
    assert_eq!(declared(failing.await), "conflict");
    assert_eq!(db.outbox(&table).await.len(), 2, "no change, no event");
}

#[tokio::test]
async fn what_is_too_large_is_refused_whole() {
    let db = TestDb::start().await;
    let table = db.table("t").await;
    let refused = |end| assert!(matches!(end, Err(CommitError::Invalid(_))), "{end:?}");
    refused(
        commit(&table, |c| {
            c.create(&Note::new("1", "a"));
            c.publish(&profile(UserId::new(), &"x".repeat(MAX_EVENT)), 1);
        })
        .await,
    );
    refused(
        commit(&table, |c| {
            for i in 0..MAX_ACTIONS {
                c.create(&Note::new(&i.to_string(), "a"));
            }
            c.publish(&profile(UserId::new(), "x"), 1);
        })
        .await,
    );
    let huge = "x".repeat(410 * 1024);
    refused(
        commit(&table, |c| {
            c.create(&Note::new("1", &huge));
        })
        .await,
    );
    refused(
        commit(&table, |c| {
            c.create(&Note::new("1", &huge));
            c.create(&Note::new("2", "a"));
        })
        .await,
    );
    assert!(db.items(&table).await.is_empty());
    commit(&table, |c| {
        for i in 0..MAX_ACTIONS - 1 {
            c.create(&Note::new(&i.to_string(), "a"));
        }
        c.publish(&profile(UserId::new(), &"x".repeat(MAX_EVENT - 1024)), 1);
    })
    .await
    .unwrap();
    assert_eq!(db.items(&table).await.len(), MAX_ACTIONS);
}

#[tokio::test]
async fn checks_and_deletions_hold_their_conditions() {
    let db = TestDb::start().await;
    let table = db.table("t").await;
    commit(&table, |_| {}).await.unwrap();
    let guarded = || {
        commit(&table, |c| {
            c.check(Note::at("door"))
                .when("attribute_exists(#pk)")
                .or(Problem::new(&FORBIDDEN));
            c.create(&Note::new("1", "a"));
        })
    };
    assert_eq!(declared(guarded().await), "forbidden");
    let alone = || {
        commit(&table, |c| {
            c.check(Note::at("door"))
                .when("attribute_exists(#pk)")
                .or(Problem::new(&FORBIDDEN));
        })
    };
    assert_eq!(declared(alone().await), "forbidden");
    commit(&table, |c| {
        c.create(&Note::new("door", "open"));
    })
    .await
    .unwrap();
    alone().await.unwrap();
    guarded().await.unwrap();
    assert_eq!(
        census(&db, &table).await.notes,
        2,
        "a check removes nothing"
    );
    let delete = |version: u64| {
        commit(&table, move |c| {
            c.delete(Note::at("1"))
                .when("#version = :v")
                .bind(":v", version);
        })
    };
    assert_eq!(declared(delete(2).await), "conflict");
    delete(1).await.unwrap();
    assert_eq!(Note::read(&table, "1").await, None);
}

#[tokio::test]
async fn two_tables_change_together() {
    let db = TestDb::start().await;
    let (own, other) = (db.table("own").await, db.table("other").await);
    let both = |id: &'static str| {
        let other = other.clone();
        commit(&own, move |c| {
            c.create(&Note::new(id, "a"));
            // The same key in another table is another item.
            c.within(&other)
                .create(&Note::new("1", "a"))
                .or(Problem::new(&FORBIDDEN));
        })
    };
    both("1").await.unwrap();
    assert_eq!(declared(both("2").await), "forbidden");
    assert_eq!(Note::read(&own, "2").await, None);
    assert!(Note::read(&other, "1").await.is_some());
}

#[tokio::test]
async fn a_value_without_a_form_is_refused() {
    let table = TestDb::start().await.table("t").await;
    let pairs = std::collections::BTreeMap::from([((1, 2), 3)]);
    let end = commit(&table, |c| {
        c.update(Note::at("1")).set("n", &pairs);
    })
    .await;
    assert!(matches!(end, Err(CommitError::Invalid(_))), "{end:?}");
}

/// EV-17: as registrations are counted; whoever gets in is told of, nobody else.
#[tokio::test]
async fn racing_commits_stop_at_the_cap_and_tell_exactly_of_those_inside() {
    let db = TestDb::start().await;
    let table = db.table("t").await;
    let enter = |i: usize| {
        commit(&table, move |c| {
            c.update(Key::new("ROOM", "ROOM"))
                .add("n", 1)
                .when("(attribute_not_exists(#n) OR #n < :cap)")
                .bind(":cap", 10)
                .or(Problem::new(&FORBIDDEN));
            c.create(&Note::new(&i.to_string(), "inside"));
            c.publish(&profile(UserId::new(), &i.to_string()), 1);
        })
    };
    let ends = join_all((0..100).map(enter)).await;
    let mut inside: Vec<String> = Vec::new();
    for (i, end) in ends.into_iter().enumerate() {
        match end {
            Ok(()) => inside.push(i.to_string()),
            refused => assert_eq!(declared(refused), "forbidden"),
        }
    }
    assert_eq!(inside.len(), 10);
    let mut told: Vec<String> = db
        .outbox(&table)
        .await
        .iter()
        .map(|event| event.data["changes"]["text"].as_str().unwrap().to_owned())
        .collect();
    told.sort_by_key(|text| text.parse::<usize>().unwrap());
    assert_eq!(told, inside);
    assert_eq!(census(&db, &table).await.notes, 10);
}
