use jiff::SignedDuration;
use plenary_events::worker::end_offers;
use serde_json::{Value, json};
use shared::testing::{TestUser, cx};

use crate::support::{Stage, path};
use crate::worker::{deliver, last};

async fn statuses(stage: &Stage, users: &[TestUser], event: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for user in users {
        let status = stage.mine(user, event).await["status"].clone();
        all.push(status.as_str().unwrap().to_owned());
    }
    all
}

/// B3-03: a group gets its places together or waits, and nobody overtakes it.
#[tokio::test]
async fn ev_20_a_group_waits_for_all_its_places() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 3})).await;
    stage
        .admit(&author, &event, json!({"maxPerRegistration": 3}))
        .await
        .expect(200);
    let users: Vec<TestUser> = (0..5).map(|_| stage.world.user()).collect();
    for (user, quantity) in users.iter().zip([1, 1, 1, 2, 1]) {
        stage
            .wish(user, &event, json!({"quantity": quantity}))
            .await
            .expect(201);
        stage.world.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(
        statuses(&stage, &users, &event).await,
        [
            "confirmed",
            "confirmed",
            "confirmed",
            "waitlisted",
            "waitlisted"
        ]
    );
    stage.withdraw(&users[0], &event).await.expect(204);
    let after = statuses(&stage, &users[3..], &event).await;
    assert_eq!(
        after,
        ["waitlisted", "waitlisted"],
        "one place is not enough for two"
    );
    let newcomer = stage.world.user();
    let reply = stage.register(&newcomer, &event).await.expect(201).body;
    assert_eq!(
        (&reply["status"], &reply["waitlistPosition"]),
        (&json!("waitlisted"), &json!(3))
    );
    stage.withdraw(&users[1], &event).await.expect(204);
    let after = statuses(&stage, &users[3..], &event).await;
    assert_eq!(after, ["confirmed", "waitlisted"]);
    // Who leaves the head of the list lets the next in.
    let event = stage.published(&author, json!({"capacity": 2})).await;
    stage
        .admit(&author, &event, json!({"maxPerRegistration": 3}))
        .await
        .expect(200);
    let [group, single] = [stage.world.user(), stage.world.user()];
    stage.register(&author, &event).await.expect(201);
    stage
        .wish(&group, &event, json!({"quantity": 2}))
        .await
        .expect(201);
    stage.wish(&single, &event, json!({})).await.expect(201);
    assert_eq!(stage.mine(&single, &event).await["waitlistPosition"], 2);
    stage.withdraw(&group, &event).await.expect(204);
    assert_eq!(stage.mine(&single, &event).await["status"], "confirmed");
}

/// B3-03: each type has its own order; the capacity of the event is common.
#[tokio::test]
async fn ev_20_order_is_kept_by_ticket_type() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 3})).await;
    let types =
        json!([{"id": "vip", "name": "VIP", "quota": 1}, {"id": "std", "name": "Standard"}]);
    stage
        .admit(&author, &event, json!({"ticketTypes": types}))
        .await
        .expect(200);
    let users: Vec<TestUser> = (0..6).map(|_| stage.world.user()).collect();
    for (user, kind) in users.iter().zip(["vip", "std", "std", "vip", "std", "vip"]) {
        stage
            .wish(user, &event, json!({"ticketType": kind}))
            .await
            .expect(201);
        stage.world.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(stage.mine(&users[3], &event).await["waitlistPosition"], 1);
    assert_eq!(stage.mine(&users[4], &event).await["waitlistPosition"], 1);
    assert_eq!(stage.mine(&users[5], &event).await["waitlistPosition"], 2);
    // A standard place becomes free: the VIP before is held back by the quota of 1.
    stage.withdraw(&users[1], &event).await.expect(204);
    assert_eq!(
        statuses(&stage, &users[3..], &event).await,
        ["waitlisted", "confirmed", "waitlisted"]
    );
    stage.withdraw(&users[0], &event).await.expect(204);
    assert_eq!(
        statuses(&stage, &users[3..], &event).await,
        ["confirmed", "confirmed", "waitlisted"]
    );
}

/// B3-03: an offer holds the place until it is taken, given up, or ends.
#[tokio::test]
async fn ev_20_offers_hold_the_place_and_go_to_the_next() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    stage
        .admit(&author, &event, json!({"offerMinutes": 60}))
        .await
        .expect(200);
    let users: Vec<TestUser> = (0..5).map(|_| stage.world.user()).collect();
    for user in &users {
        stage.register(user, &event).await.expect(201);
        stage.world.clock.advance(SignedDuration::from_secs(1));
    }
    stage.withdraw(&users[0], &event).await.expect(204);
    let offered = stage.mine(&users[1], &event).await;
    assert_eq!(offered["status"], "offered");
    assert_eq!(offered["offeredUntil"], "2026-09-01T11:00:05Z");
    let told = last(&stage, "event.registration.offered").await;
    assert_eq!(told.data["userId"], json!(users[1].id));
    let read = stage.read(&author, &event).await.body;
    assert_eq!(
        (&read["attendeeCount"], &read["waitlistCount"]),
        (&json!(0), &json!(3))
    );
    let newcomer = stage.world.user();
    let reply = stage.register(&newcomer, &event).await.expect(201).body;
    assert_eq!(reply["status"], "waitlisted", "the place is held");
    // Not taken in time: the next.
    assert_eq!(end_offers(&stage.store, &cx()).await.unwrap(), 0);
    stage.world.clock.advance(SignedDuration::from_hours(1));
    let accept = |user: &TestUser| {
        let accept = format!("{}/registrations/me/accept", path(&event));
        stage.api.post(&accept).token(&fresh(&stage, user)).send()
    };
    accept(&users[1]).await.expect(409).problem("no-offer");
    assert_eq!(end_offers(&stage.store, &cx()).await.unwrap(), 1);
    assert_eq!(end_offers(&stage.store, &cx()).await.unwrap(), 0);
    let ended = last(&stage, "event.registration.cancelled").await;
    assert_eq!(ended.data["reason"], "The offer was not taken in time.");
    // Given up: the next.
    let registrations = format!("{}/registrations", path(&event));
    let token = fresh(&stage, &users[2]);
    stage
        .api
        .delete(&registrations)
        .token(&token)
        .send()
        .await
        .expect(204);
    // Taken, twice.
    accept(&users[4]).await.expect(409).problem("no-offer");
    let theirs = accept(&users[3]).await.expect(200).body;
    assert_eq!(
        (&theirs["status"], &theirs["offeredUntil"]),
        (&json!("confirmed"), &Value::Null)
    );
    accept(&users[3]).await.expect(200);
    stage.world.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(end_offers(&stage.store, &cx()).await.unwrap(), 0);
    let count = format!("/v1/events/{}", event["id"].as_str().unwrap());
    let read = stage.api.get(&count).send().await.body;
    assert_eq!(
        (&read["attendeeCount"], &read["waitlistCount"]),
        (&json!(1), &json!(2))
    );
}

fn fresh(stage: &Stage, user: &TestUser) -> String {
    stage
        .world
        .token(&stage.world.claims(user.id, user.session))
}

/// B3-03: whoever does not want to wait does not.
#[tokio::test]
async fn ev_20_waiting_is_optional() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    stage.register(&author, &event).await.expect(201);
    let user = stage.world.user();
    let wish = json!({"waitlist": false});
    stage
        .wish(&user, &event, wish)
        .await
        .expect(409)
        .problem("event-full");
    assert_eq!(stage.mine(&user, &event).await["status"], 404);
}

/// B3-03: a larger quota goes to those who wait for it, once, however often it is told.
#[tokio::test]
async fn ev_20_larger_quotas_are_given_out_in_order() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 10})).await;
    let types = |quota: u32| json!({"ticketTypes": [{"id": "vip", "name": "VIP", "quota": quota}]});
    stage.admit(&author, &event, types(1)).await.expect(200);
    let users: Vec<TestUser> = (0..4).map(|_| stage.world.user()).collect();
    for user in &users {
        stage.register(user, &event).await.expect(201);
        stage.world.clock.advance(SignedDuration::from_secs(1));
    }
    stage.admit(&author, &event, types(3)).await.expect(200);
    let told = last(&stage, "event.admission.updated").await;
    assert_eq!(deliver(&stage, &[told.clone(), told]).await, 0);
    assert_eq!(
        statuses(&stage, &users, &event).await,
        ["confirmed", "confirmed", "confirmed", "waitlisted"]
    );
}
