use futures::future::join_all;
use serde_json::{Value, json};
use shared::principal::Role;
use shared::testing::{TestReply, TestUser};

use crate::support::{Stage, draft, path};

impl Stage {
    /// Sets an event's admission, whatever it was.
    pub async fn admit(&self, user: &TestUser, event: &Value, body: Value) -> TestReply {
        let admission = format!("{}/admission", path(event));
        self.api
            .put(&admission)
            .bearer(user)
            .header("if-match", "*")
            .json(body)
            .send()
            .await
    }

    pub async fn admission(&self, event: &Value) -> Value {
        let admission = format!("{}/admission", path(event));
        self.api.get(&admission).send().await.expect(200).body
    }

    pub async fn wish(&self, user: &TestUser, event: &Value, wish: Value) -> TestReply {
        self.act(user, event, "registrations", wish).await
    }

    pub async fn mine(&self, user: &TestUser, event: &Value) -> Value {
        let mine = format!("{}/registrations/me", path(event));
        self.api.get(&mine).bearer(user).send().await.body
    }

    pub async fn withdraw(&self, user: &TestUser, event: &Value) -> TestReply {
        let registrations = format!("{}/registrations", path(event));
        self.api.delete(&registrations).bearer(user).send().await
    }
}

pub fn types() -> Value {
    json!([
        {"id": "vip", "name": "VIP", "quota": 2, "price": {"amountMinor": 9900, "currency": "EUR"}},
        {"id": "standard", "name": "Standard", "quota": 4, "maxPerRegistration": 3},
    ])
}

/// B3-02, EV-19, EV-24: a quota for each type and one over all.
#[tokio::test]
async fn ev_19_24_quotas_of_types_and_the_capacity_over_all() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage
        .published(&author, json!({"capacity": 5, "waitlist": false}))
        .await;
    stage
        .admit(&author, &event, json!({"ticketTypes": types()}))
        .await
        .expect(200);
    let user = || stage.world.user();
    let missing = stage.wish(&user(), &event, json!({})).await.expect(400);
    assert_eq!(missing.body["errors"][0]["pointer"], "/ticketType");
    let unknown = json!({"ticketType": "gold"});
    stage.wish(&user(), &event, unknown).await.expect(400);
    let vip = || json!({"ticketType": "vip"});
    for _ in 0..2 {
        let reply = stage.wish(&user(), &event, vip()).await.expect(201);
        assert_eq!(reply.body["ticketType"], "vip");
    }
    stage
        .wish(&user(), &event, vip())
        .await
        .expect(409)
        .problem("event-full");
    let group = json!({"ticketType": "standard", "quantity": 3});
    let reply = stage.wish(&user(), &event, group.clone()).await.expect(201);
    assert_eq!(reply.body["quantity"], 3);
    // One of the type is left, none of the event.
    let one = json!({"ticketType": "standard"});
    stage
        .wish(&user(), &event, one)
        .await
        .expect(409)
        .problem("event-full");
    let too_many = json!({"ticketType": "standard", "quantity": 4});
    let reply = stage.wish(&user(), &event, too_many).await.expect(400);
    assert_eq!(reply.body["errors"][0]["pointer"], "/quantity");
    let seen = stage.admission(&event).await;
    assert_eq!(seen["ticketTypes"][0]["available"], 0);
    assert_eq!(seen["ticketTypes"][0]["price"]["amountMinor"], 9900);
    assert_eq!(seen["ticketTypes"][1]["available"], 0);
    assert_eq!(stage.read(&author, &event).await.body["attendeeCount"], 5);
}

/// B3-02: before and after its sale a type cannot be had.
#[tokio::test]
async fn ev_20_a_type_is_sold_in_its_time() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let early = json!({"id": "early", "name": "Early bird", "salesFrom": "2026-09-02T00:00:00Z",
        "salesUntil": "2026-09-03T00:00:00Z"});
    stage
        .admit(&author, &event, json!({"ticketTypes": [early]}))
        .await
        .expect(200);
    let user = stage.world.user();
    stage
        .register(&user, &event)
        .await
        .expect(409)
        .problem("sale-closed");
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_hours(24));
    let user = stage.world.user();
    stage.register(&user, &event).await.expect(201);
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_hours(24));
    let late = stage.world.user();
    stage
        .register(&late, &event)
        .await
        .expect(409)
        .problem("sale-closed");
}

/// B3-10: answers are checked, kept, and seen by those who need them.
#[tokio::test]
async fn ev_20_questions_are_answered() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let door = stage.member(org, Role::Checkin).await;
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(200);
    let questions = json!([
        {"id": "diet", "label": "Diet", "type": "choice", "options": ["all", "vegan"], "required": true},
        {"id": "years", "label": "Years of Rust", "type": "number"},
    ]);
    stage
        .admit(&author, &event, json!({"questions": questions}))
        .await
        .expect(200);
    let user = stage.world.user();
    let bad = stage.register(&user, &event).await.expect(400);
    assert_eq!(bad.body["errors"][0]["pointer"], "/answers/diet");
    let bad = json!({"answers": {"diet": "meat", "years": "3"}});
    let bad = stage.wish(&user, &event, bad).await.expect(400);
    assert_eq!(bad.body["errors"].as_array().unwrap().len(), 2);
    let good = json!({"answers": {"diet": "vegan", "years": 3}, "matchmakingConsent": true});
    stage.wish(&user, &event, good).await.expect(201);
    let mine = stage.mine(&user, &event).await;
    assert_eq!(
        (&mine["answers"]["diet"], &mine["matchmakingConsent"]),
        (&json!("vegan"), &json!(true))
    );
    let list = format!("{}/registrations", path(&event));
    let seen = stage
        .api
        .get(&list)
        .bearer(&author)
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(seen["items"][0]["answers"]["years"], 3);
    let seen = stage
        .api
        .get(&list)
        .bearer(&door)
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(
        seen["items"][0]["answers"],
        Value::Null,
        "not the door's business"
    );
}

/// EV-19: admission is changed by those who may, whole, and never below what is taken.
#[tokio::test]
async fn ev_19_admission_changes_are_guarded() {
    let stage = Stage::new().await;
    let (author, other) = (stage.world.user(), stage.world.user());
    let event = stage.published(&author, json!({})).await;
    let admission = format!("{}/admission", path(&event));
    let put = |body: Value| stage.api.put(&admission).bearer(&author).json(body);
    put(json!({})).send().await.expect(428);
    put(json!({}))
        .header("if-match", "\"1\"")
        .send()
        .await
        .expect(412);
    put(json!({"ticketTypes": types()}))
        .header("if-match", "\"0\"")
        .send()
        .await
        .expect(200);
    stage.admit(&other, &event, json!({})).await.expect(403);
    stage
        .api
        .put(&admission)
        .json(json!({}))
        .send()
        .await
        .expect(401);
    let bad = json!({"ticketTypes": [{"id": "Vip", "name": "", "quota": 1, "salesFrom": "2026-09-03T00:00:00Z",
        "salesUntil": "2026-09-02T00:00:00Z"}], "questions": [{"id": "q", "label": "Q", "type": "choice"}],
        "checkInLists": [{"id": "a", "name": "A", "ticketTypes": ["none"]}], "offerMinutes": 0});
    let bad = stage.admit(&author, &event, bad).await.expect(400);
    assert_eq!(
        bad.body["errors"].as_array().unwrap().len(),
        6,
        "{}",
        bad.text
    );
    for _ in 0..2 {
        let vip = json!({"ticketType": "vip"});
        stage
            .wish(&stage.world.user(), &event, vip)
            .await
            .expect(201);
    }
    let fewer = json!({"ticketTypes": [{"id": "vip", "name": "VIP", "quota": 1}]});
    let fewer = stage
        .admit(&author, &event, fewer)
        .await
        .expect(409)
        .problem("capacity-too-small");
    assert_eq!(fewer.body["errors"][0]["pointer"], "/ticketTypes/0/quota");
    let without = json!({"ticketTypes": [{"id": "standard", "name": "Standard"}]});
    stage
        .admit(&author, &event, without)
        .await
        .expect(409)
        .problem("ticket-type-in-use");
    let only = json!({"ticketTypes": [{"id": "vip", "name": "VIP", "quota": 2}]});
    stage.admit(&author, &event, only).await.expect(200);
    stage
        .act(&author, &event, "cancel", json!({}))
        .await
        .expect(200);
    stage
        .admit(&author, &event, json!({}))
        .await
        .expect(409)
        .problem("wrong-transition");
    let hidden = stage.create(&author, draft(json!({}))).await;
    let hidden = format!("{}/admission", path(&hidden));
    stage
        .api
        .get(&hidden)
        .bearer(&other)
        .send()
        .await
        .expect(404);
}

/// B3-02: groups and types race; neither quota nor capacity is exceeded.
#[tokio::test]
async fn ev_19_racing_groups_never_oversell_a_quota() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 12})).await;
    let types = json!([
        {"id": "a", "name": "A", "quota": 7, "maxPerRegistration": 3},
        {"id": "b", "name": "B", "quota": 9, "maxPerRegistration": 3},
    ]);
    stage
        .admit(&author, &event, json!({"ticketTypes": types}))
        .await
        .expect(200);
    let users: Vec<TestUser> = (0..40).map(|_| stage.world.user()).collect();
    join_all(users.iter().enumerate().map(|(i, user)| {
        let (stage, event) = (&stage, &event);
        async move {
            let kind = if i % 2 == 0 { "a" } else { "b" };
            let wish = json!({"ticketType": kind, "quantity": i % 3 + 1});
            if stage.wish(user, event, wish).await.status == 201 && i % 4 == 0 {
                stage.withdraw(user, event).await;
            }
        }
    }))
    .await;
    let list = format!("{}/registrations?limit=100", path(&event));
    let list = stage
        .api
        .get(&list)
        .bearer(&author)
        .send()
        .await
        .expect(200)
        .body;
    let taken = |kind: &str| -> u64 {
        let items = list["items"].as_array().unwrap().iter();
        let of = items.filter(|item| item["status"] == "confirmed" && item["ticketType"] == kind);
        of.map(|item| item["quantity"].as_u64().unwrap()).sum()
    };
    let (a, b) = (taken("a"), taken("b"));
    assert!(a <= 7 && b <= 9 && a + b <= 12, "{a} and {b}");
    assert_eq!(
        stage.read(&author, &event).await.body["attendeeCount"],
        a + b
    );
    let seen = stage.admission(&event).await;
    assert_eq!(seen["ticketTypes"][0]["available"], (7 - a).min(12 - a - b));
}
