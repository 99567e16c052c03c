//! Jobs that are longer than a message: what is left is kept and done.

use std::time::{Duration, Instant};

use futures::future::join_all;
use plenary_events::model::{Registration, RegistrationStatus};
use plenary_events::store::{Guard, Seats, moved};
use plenary_events::worker::go_on;
use serde_json::{Value, json};
use shared::cx::Context;
use shared::event::Event;
use shared::event::auth::OrganizationDeleted;
use shared::id::UserId;
use shared::principal::Role;
use shared::testing::{TestUser, event};
use shared::worker::until;

use crate::crowd::id;
use crate::support::{Stage, draft, path};
use crate::worker::{deliver, last};

/// Registers so many people, many at once.
async fn fill(stage: &Stage, event: &Value, people: usize) {
    let (read, counts) = stage.store.event(id(event)).await.unwrap();
    for _ in 0..people / 30 {
        let mut commit = stage.store.commit(&shared::testing::cx());
        let mut seats = Seats::of(&read, &counts, &mut commit);
        for _ in 0..30 {
            let (status, now) = (RegistrationStatus::Confirmed, stage.store.now());
            let user = UserId::new();
            seats.confirm(&Registration::new(read.id, user, status, now));
        }
        seats.settle(Guard::Nothing, moved());
        commit.execute().await.unwrap();
    }
}

/// Lets the schedule go on until nothing is left; how many turns it took.
async fn finish(stage: &Stage) -> usize {
    for turns in 0..1000 {
        if stage.store.jobs().await.unwrap().is_empty() {
            return turns;
        }
        // It stops three seconds before its time is up.
        let cx = Context::begin(Duration::from_millis(3050));
        go_on(&stage.store, &cx).await.unwrap();
    }
    panic!("it never ends");
}

/// Delivers with little time, as often as it takes to be begun.
async fn hurry(stage: &Stage, events: &[Event]) {
    loop {
        let ends = Instant::now() + Duration::from_millis(4050);
        if until(ends, Box::pin(deliver(stage, events))).await == 0 {
            return;
        }
    }
}

/// EV-05: cancelling a large event takes as many turns as it needs; everybody's
/// registration ends and is told once, also when the message comes again.
#[tokio::test]
async fn ev_05_a_large_event_is_cancelled_in_turns() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    fill(&stage, &event, 1200).await;
    let reason = json!({"reason": "Flood."});
    let reply = stage.act(&author, &event, "cancel", reason).await;
    reply.expect(200);
    let cancelled = [last(&stage, "event.cancelled").await];
    Box::pin(hurry(&stage, &cancelled)).await;
    assert_eq!(stage.store.jobs().await.unwrap().len(), 1, "some are left");
    Box::pin(hurry(&stage, &cancelled)).await;
    assert!(finish(&stage).await > 1);
    let read = stage.read(&author, &event).await.body;
    assert_eq!(read["attendeeCount"], 0);
    let told = stage.world.outbox(stage.world.table()).await;
    let told = told
        .iter()
        .filter(|told| told.kind == "event.registration.cancelled")
        .inspect(|told| assert_eq!(told.data["reason"], "Flood."));
    assert_eq!(told.count(), 1200);
}

/// EV-05: who withdraws while the event is being cancelled does not stop it.
#[tokio::test]
async fn ev_05_withdrawals_do_not_stop_a_cancellation() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let users: Vec<TestUser> = (0..90).map(|_| stage.world.user()).collect();
    for user in &users {
        stage.register(user, &event).await.expect(201);
    }
    let reply = stage.act(&author, &event, "cancel", json!({})).await;
    reply.expect(200);
    let cancelled = [last(&stage, "event.cancelled").await];
    let leave = users.iter().step_by(3).map(|user| async {
        let left = stage.withdraw(user, &event).await;
        assert!(matches!(left.status.as_u16(), 204 | 503), "{}", left.text);
    });
    let (failed, _) = tokio::join!(deliver(&stage, &cancelled), join_all(leave));
    assert_eq!(failed, 0);
    for user in &users {
        assert_eq!(stage.mine(user, &event).await["status"], "cancelled");
    }
}

/// OR-01, EV-20: an organisation with many events ends in turns, and so do
/// places for many who wait.
#[tokio::test]
async fn or_01_ev_20_long_jobs_stop_in_time_and_go_on() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let mut events = Vec::new();
    for _ in 0..60 {
        let body = draft(json!({"organizationId": org, "capacity": 1}));
        events.push(stage.create(&author, body).await);
    }
    let open = &events[0];
    let reply = stage.act(&author, open, "publish", json!({})).await;
    reply.expect(200);
    let payload = OrganizationDeleted {
        organization_id: org,
    };
    Box::pin(hurry(&stage, &[event(&payload, 9)])).await;
    finish(&stage).await;
    let status = stage.read(&author, open).await.expect(200).body["status"].clone();
    assert_eq!(status, "cancelled");
    for hidden in &events[1..] {
        stage.read(&author, hidden).await.expect(404);
    }
}

/// B3-01, EV-05: a draft with a long history goes at once, and all of its history
/// with the next turns; the job is committed with it.
#[tokio::test]
async fn b3_01_a_deleted_draft_with_a_long_history_leaves_nothing() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.create(&author, draft(json!({}))).await;
    let at = path(&event);
    for i in 0..130 {
        let request = stage.api.patch(&at).bearer(&author).header("if-match", "*");
        let body = json!({"title": format!("Edit {i}")});
        request.json(body).send().await.expect(200);
    }
    let left = async || {
        let page = stage.store.history(id(&event), 1000, None).await.unwrap();
        page.items.len()
    };
    assert_eq!(left().await, 131);
    stage
        .api
        .delete(&at)
        .bearer(&author)
        .send()
        .await
        .expect(204);
    assert!(left().await > 0);
    assert_eq!(stage.store.jobs().await.unwrap().len(), 1);
    finish(&stage).await;
    assert_eq!(left().await, 0);
    let items = stage.world.db.items(stage.world.table()).await;
    let of_it = items.iter().filter(|item| {
        let key = format!("EVENT#{}", event["id"].as_str().unwrap());
        item["pk"].as_s().is_ok_and(|pk| *pk == key)
    });
    assert_eq!(of_it.count(), 0, "nothing is left of it");
}
