use std::collections::HashMap;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::principal::Role;
use shared::testing::TestUser;

use crate::support::{Stage, draft, path};

async fn mine(stage: &Stage, user: &TestUser, event: &Value) -> Value {
    let path = format!("{}/registrations/me", path(event));
    stage.api.get(&path).bearer(user).send().await.body
}

async fn withdraw(stage: &Stage, user: &TestUser, event: &Value) -> shared::testing::TestReply {
    stage
        .api
        .delete(&format!("{}/registrations", path(event)))
        .bearer(user)
        .send()
        .await
}

/// EV-19, EV-20: places, then the waitlist, then promotion in order.
#[tokio::test]
async fn ev_19_20_places_waitlist_promotion() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    let [a, b, c] = [stage.world.user(), stage.world.user(), stage.world.user()];
    let first = stage.register(&a, &event).await.expect(201);
    assert_eq!(first.body["status"], "confirmed");
    let taken = stage
        .register(&a, &event)
        .await
        .expect(409)
        .problem("already-registered");
    assert_eq!(taken.body["registrationId"], first.body["id"]);
    let second = stage.register(&b, &event).await.expect(201).body;
    assert_eq!(
        (&second["status"], &second["waitlistPosition"]),
        (&json!("waitlisted"), &json!(1))
    );
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_secs(1));
    stage.register(&c, &event).await.expect(201);
    assert_eq!(mine(&stage, &c, &event).await["waitlistPosition"], 2);
    withdraw(&stage, &a, &event).await.expect(204);
    withdraw(&stage, &a, &event).await.expect(204);
    assert_eq!(mine(&stage, &b, &event).await["status"], "confirmed");
    assert_eq!(mine(&stage, &c, &event).await["waitlistPosition"], 1);
    let read = stage.read(&author, &event).await.body;
    assert_eq!(
        (&read["attendeeCount"], &read["waitlistCount"]),
        (&json!(1), &json!(1))
    );
    stage.register(&a, &event).await.expect(201);
    withdraw(&stage, &c, &event).await.expect(204);
    assert_eq!(mine(&stage, &a, &event).await["waitlistPosition"], 1);
    let kinds = stage.kinds().await;
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "event.registration.promoted")
            .count(),
        1
    );
}

#[tokio::test]
async fn ev_20_full_closed_and_hidden_events() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    let full = stage
        .published(&author, json!({"capacity": 1, "waitlist": false}))
        .await;
    stage.register(&author, &full).await.expect(201);
    stage
        .register(&user, &full)
        .await
        .expect(409)
        .problem("event-full");
    let hidden = stage.create(&author, draft(json!({}))).await;
    stage.register(&user, &hidden).await.expect(404);
    stage
        .register(&author, &hidden)
        .await
        .expect(409)
        .problem("registration-closed");
    let cancelled = stage.published(&author, json!({})).await;
    stage
        .act(&author, &cancelled, "cancel", json!({}))
        .await
        .expect(200);
    stage
        .register(&user, &cancelled)
        .await
        .expect(409)
        .problem("registration-closed");
    stage
        .api
        .post(&format!("{}/registrations", path(&full)))
        .send()
        .await
        .expect(401);
    let past = stage.published(&author, json!({})).await;
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_hours(24 * 60));
    let late = stage.world.user();
    stage
        .register(&late, &past)
        .await
        .expect(409)
        .problem("registration-closed");
}

/// EV-19: never oversold, whoever races whom.
#[tokio::test]
async fn ev_19_racing_registrations_and_withdrawals_never_oversell() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 10})).await;
    let users: Vec<TestUser> = (0..60).map(|_| stage.world.user()).collect();
    let outcomes = join_all(users.iter().enumerate().map(|(i, user)| {
        let (stage, event) = (&stage, &event);
        async move {
            let reply = stage.register(user, event).await;
            if i % 3 == 0 && reply.status == 201 {
                withdraw(stage, user, event).await;
            }
            reply.status.as_u16()
        }
    }))
    .await;
    // Contention may send somebody away for now, never with a wrong promise.
    assert!(
        outcomes
            .iter()
            .all(|status| matches!(status, 201 | 409 | 503)),
        "{outcomes:?}"
    );
    let organiser = format!("{}/registrations?limit=100", path(&event));
    let listed = stage
        .api
        .get(&organiser)
        .bearer(&author)
        .send()
        .await
        .expect(200)
        .body;
    let mut tally: HashMap<&str, u64> = HashMap::new();
    for item in listed["items"].as_array().unwrap() {
        *tally.entry(item["status"].as_str().unwrap()).or_default() += 1;
    }
    let of = |status: &str| tally.get(status).copied().unwrap_or(0);
    assert!(of("confirmed") <= 10, "{tally:?}");
    let read = stage.read(&author, &event).await.body;
    assert_eq!(read["attendeeCount"], of("confirmed"));
    assert_eq!(read["waitlistCount"], of("waitlisted"));
    assert!(
        of("waitlisted") == 0 || of("confirmed") == 10,
        "somebody waits beside a free place: {tally:?}"
    );
}

/// EV-10 for registration: the same key, many times at once, is one place.
#[tokio::test]
async fn ev_20_one_key_sent_sixteen_times_at_once_is_one_registration() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    let event = stage.published(&author, json!({"capacity": 5})).await;
    let registrations = format!("{}/registrations", path(&event));
    let replies = join_all((0..16).map(|_| {
        stage
            .api
            .post(&registrations)
            .bearer(&user)
            .key("once")
            .send()
    }))
    .await;
    let bodies: Vec<&Value> = replies.iter().map(|reply| &reply.body).collect();
    assert!(
        replies.iter().all(|reply| reply.status == 201),
        "{bodies:?}"
    );
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(
        replies
            .iter()
            .filter(|reply| reply.header("idempotency-replayed").is_empty())
            .count(),
        1
    );
    let created = stage
        .kinds()
        .await
        .into_iter()
        .filter(|kind| kind == "event.registration.created")
        .count();
    assert_eq!(created, 1);
}

/// EV-20, B3-06: the door says what to do, and says it again.
#[tokio::test]
async fn ev_20_check_in_is_idempotent_with_reasons() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let door = stage.member(org, Role::Checkin).await;
    let event = stage
        .create(
            &author,
            draft(json!({"organizationId": org, "capacity": 1})),
        )
        .await;
    stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(200);
    let [guest, waiting, nobody] = [stage.world.user(), stage.world.user(), stage.world.user()];
    stage.register(&guest, &event).await.expect(201);
    stage.register(&waiting, &event).await.expect(201);
    for (user, admitted, reason) in [
        (&guest, true, "admitted"),
        (&guest, false, "already-checked-in"),
        (&waiting, false, "waitlisted"),
        (&nobody, false, "not-registered"),
    ] {
        let reply = stage
            .act(&door, &event, "check-ins", json!({"userId": user.id}))
            .await
            .expect(200);
        assert_eq!(
            (&reply.body["admitted"], &reply.body["reason"]),
            (&json!(admitted), &json!(reason))
        );
    }
    withdraw(&stage, &guest, &event).await.expect(403);
    stage
        .act(&guest, &event, "check-ins", json!({"userId": guest.id}))
        .await
        .expect(403);
    let list = format!("{}/registrations", path(&event));
    stage.api.get(&list).bearer(&guest).send().await.expect(403);
    stage.api.get(&list).bearer(&door).send().await.expect(200);
    let mine = stage
        .api
        .get("/v1/events/registrations")
        .bearer(&guest)
        .send()
        .await
        .expect(200);
    assert_eq!(mine.body["items"][0]["status"], "checked_in");
}

/// EV-19: a smaller capacity must hold who is in.
#[tokio::test]
async fn ev_19_capacity_changes() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 3})).await;
    for _ in 0..2 {
        stage
            .register(&stage.world.user(), &event)
            .await
            .expect(201);
    }
    let patch = |capacity: Value| {
        stage
            .api
            .patch(&path(&event))
            .bearer(&author)
            .header("if-match", "*")
            .json(json!({"capacity": capacity}))
    };
    patch(json!(1))
        .send()
        .await
        .expect(409)
        .problem("capacity-too-small");
    patch(json!(2)).send().await.expect(200);
    let reply = stage
        .register(&stage.world.user(), &event)
        .await
        .expect(201);
    assert_eq!(reply.body["status"], "waitlisted");
    patch(Value::Null).send().await.expect(200);
}
