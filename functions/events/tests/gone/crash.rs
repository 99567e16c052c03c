//! The process stops anywhere between and within the portions.

use plenary_events::worker::go_on;
use serde_json::{Value, json};
use shared::testing::{Moment, TestUser, cx, stopped};

use super::{news, soon};
use crate::support::{Stage, draft};
use crate::worker::deliver;

/// More await points than it has; the test finds the true number.
const ENOUGH: usize = 2000;

/// Somebody with one of each.
async fn somebody(stage: &Stage, event: &Value) -> TestUser {
    let user = stage.world.user();
    stage.register(&user, event).await.expect(201);
    stage.save(&user, event).await;
    stage.feed(&user).await;
    stage.create(&user, draft(json!({}))).await;
    stage.published(&user, json!({})).await;
    user
}

/// XC-03, B1-12: wherever it stops, the next delivery does what is left, and
/// everything is counted once.
#[tokio::test]
async fn xc_03_an_erasure_that_stops_anywhere_counts_once() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 100_000})).await;
    let wanted = json!({"calendarFeeds": 1, "drafts": 1, "events": 1, "historyEntries": 2,
        "registrations": 1, "savedEvents": 1, "traces": 2});
    let mut rounds = 0;
    // Every await point is tried by one of the moments.
    for (polls, moment) in (0..ENOUGH).zip(Moment::ALL.into_iter().cycle()) {
        let user = somebody(&stage, &event).await;
        let gone = [news(user.id)];
        let first = stopped(polls, moment, Box::pin(deliver(&stage, &gone))).await;
        assert_eq!(
            deliver(&stage, &gone).await,
            0,
            "{moment:?} after {polls} polls"
        );
        stage.settle();
        let second = stopped(polls, moment, Box::pin(go_on(&stage.store, &cx()))).await;
        go_on(&stage.store, &cx()).await.unwrap();
        let answers = stage.answers().await;
        rounds += 1;
        assert_eq!(answers.len(), rounds, "{moment:?} after {polls} polls");
        assert_eq!(
            answers[rounds - 1],
            wanted,
            "{moment:?} after {polls} polls"
        );
        assert!(stage.naming(user.id).await.is_empty());
        if first.is_some() && second.is_some() {
            assert!(polls > 20, "{polls} polls");
            return;
        }
    }
    panic!("it never completed by itself");
}

/// XC-03: while others come and go, the counts of an event agree with its
/// registrations whatever portion the erasure stopped in.
#[tokio::test]
async fn xc_03_places_are_right_wherever_it_stops() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    for polls in (0..60).step_by(4) {
        let event = stage.published(&author, soon(json!({"capacity": 1}))).await;
        let (user, next) = (stage.world.user(), stage.world.user());
        stage.register(&user, &event).await.expect(201);
        stage.register(&next, &event).await.expect(201);
        let gone = [news(user.id)];
        stopped(polls, Moment::Answered, Box::pin(deliver(&stage, &gone))).await;
        let read = stage.read(&author, &event).await.body;
        let waits = stage.mine(&next, &event).await["status"] == "waitlisted";
        let counts = (&read["attendeeCount"], &read["waitlistCount"]);
        assert_eq!(
            counts,
            (&json!(1), &json!(u8::from(waits))),
            "{polls} polls"
        );
        assert_eq!(deliver(&stage, &gone).await, 0);
        assert_eq!(stage.mine(&next, &event).await["status"], "confirmed");
    }
}
