//! B3-01: what of admission is reviewed when it changes after approval.

use serde_json::{Value, json};
use shared::id::OrganizationId;
use shared::principal::Role;
use shared::testing::{TestReply, TestUser};

use crate::admission::types;
use crate::approval::{decide, patch, reviewed};
use crate::support::{Stage, draft, path};

/// The newest entry of the history, as step, actor and fields.
async fn newest(stage: &Stage, user: &TestUser, event: &Value) -> [Value; 3] {
    let at = format!("{}/history", path(event));
    let body = stage
        .api
        .get(&at)
        .bearer(user)
        .send()
        .await
        .expect(200)
        .body;
    ["step", "actorId", "changed"].map(|name| body["items"][0][name].clone())
}

async fn change(stage: &Stage, user: &TestUser, event: &Value) -> TestReply {
    let at = format!("{}/change", path(event));
    stage.api.get(&at).bearer(user).send().await
}

fn question() -> Value {
    json!({"id": "diet", "label": "Diet", "type": "text"})
}

/// Ticket types and questions of what was approved wait like any other change,
/// approvers are told, and nothing is seen of them until they are approved.
#[tokio::test]
async fn b3_01_ticket_types_and_questions_of_what_was_approved_are_reviewed() {
    let stage = Stage::new().await;
    let (author, approver, event) = reviewed(&stage).await;
    let wanted = json!({"ticketTypes": types(), "questions": [question()]});
    let reply = stage.admit(&author, &event, wanted).await.expect(202);
    assert_eq!(reply.body["diff"]["questions"]["from"], json!([]));
    assert_eq!(
        reply.body["diff"]["ticketTypes"]["to"][0]["price"]["amountMinor"],
        9900
    );
    let seen = stage.admission(&event).await;
    assert_eq!(
        (&seen["ticketTypes"], &seen["questions"], &seen["version"]),
        (&json!([]), &json!([]), &json!(0))
    );
    let fields = json!(["questions", "ticketTypes"]);
    assert_eq!(
        newest(&stage, &author, &event).await,
        [json!("changeSubmitted"), json!(author.id), fields.clone()]
    );
    let told = stage.world.outbox(stage.world.table()).await;
    let told = told.iter().rfind(|told| told.kind == "event.submitted");
    assert_eq!(told.unwrap().data["changed"], fields);
    decide(&stage, &author, &event, "approve", "*", json!({}))
        .await
        .expect(403);
    let tag = change(&stage, &approver, &event).await.expect(200);
    decide(
        &stage,
        &approver,
        &event,
        "approve",
        tag.header("etag"),
        json!({}),
    )
    .await
    .expect(200);
    let seen = stage.admission(&event).await;
    assert_eq!(seen["ticketTypes"][0]["name"], "VIP");
    assert_eq!(seen["ticketTypes"][0]["available"], 2);
    assert_eq!(seen["questions"][0]["id"], "diet");
    assert_eq!(
        newest(&stage, &author, &event).await,
        [json!("changeApproved"), json!(approver.id), fields]
    );
    assert!(
        stage
            .kinds()
            .await
            .contains(&"event.admission.updated".to_owned())
    );
    change(&stage, &author, &event).await.expect(404);
    // The quotas hold: the guard heard of them in the same commit.
    let vip = || json!({"ticketType": "vip", "waitlist": false});
    for status in [201, 201, 409] {
        let user = stage.world.user();
        stage.wish(&user, &event, vip()).await.expect(status);
    }
}

/// An event with two ticket types, and one who may edit and approve.
async fn with_types(stage: &Stage) -> (TestUser, TestUser, Value) {
    let (author, _, event) = reviewed(stage).await;
    let org: OrganizationId = serde_json::from_value(event["organizationId"].clone()).unwrap();
    // Who may edit and approve has it at once.
    let admin = stage.member(org, Role::Admin).await;
    stage
        .admit(&admin, &event, json!({"ticketTypes": types()}))
        .await
        .expect(200);
    (author, admin, event)
}

/// How an event is run is the organiser's, at the door too: quotas, sale
/// windows, sizes, the waitlist and lists hold at once, with an entry each.
#[tokio::test]
async fn b3_01_quotas_and_lists_hold_at_once_and_leave_an_entry() {
    let stage = Stage::new().await;
    let (author, approver, event) = with_types(&stage).await;
    assert_eq!(
        newest(&stage, &author, &event).await,
        [
            json!("admissionChanged"),
            json!(approver.id),
            json!(["ticketTypes"])
        ]
    );
    let mut kinds = types();
    kinds[0]["quota"] = json!(5);
    kinds[1]["salesUntil"] = json!("2026-10-01T00:00:00Z");
    let lists = json!([{"id": "day_1", "name": "Day 1", "ticketTypes": ["vip"]}]);
    let body = json!({"ticketTypes": kinds, "offerMinutes": 30, "checkInLists": lists});
    stage.admit(&author, &event, body).await.expect(200);
    let seen = stage.admission(&event).await;
    assert_eq!(seen["ticketTypes"][0]["available"], 5);
    assert_eq!(seen["offerMinutes"], 30);
    assert_eq!(
        newest(&stage, &author, &event).await,
        [
            json!("admissionChanged"),
            json!(author.id),
            json!(["ticketTypes", "offerMinutes", "checkInLists"])
        ]
    );
    change(&stage, &author, &event).await.expect(404);
}

/// One request may hold both: the quota holds, the price waits. What is run
/// otherwise until the approval is not undone by it.
#[tokio::test]
async fn b3_01_a_price_waits_and_the_quota_beside_it_does_not() {
    let stage = Stage::new().await;
    let (author, approver, event) = with_types(&stage).await;
    let price = |kinds: &Value| kinds[0]["price"]["amountMinor"].clone();
    let mut kinds = types();
    kinds[0]["quota"] = json!(3);
    kinds[0]["price"]["amountMinor"] = json!(100);
    let reply = stage
        .admit(&author, &event, json!({"ticketTypes": kinds}))
        .await
        .expect(202);
    assert_eq!(
        (
            price(&reply.body["diff"]["ticketTypes"]["from"]),
            price(&reply.body["diff"]["ticketTypes"]["to"])
        ),
        (json!(9900), json!(100))
    );
    let seen = stage.admission(&event).await["ticketTypes"].clone();
    assert_eq!((price(&seen), &seen[0]["quota"]), (json!(9900), &json!(3)));
    let at = format!("{}/history", path(&event));
    let body = stage.api.get(&at).bearer(&author).send().await.body;
    let steps = [0, 1].map(|i| body["items"][i]["step"].clone());
    assert_eq!(steps, ["admissionChanged", "changeSubmitted"]);
    assert_eq!(body["items"][0]["version"], body["items"][1]["version"]);
    // At the door: as it is, with one more place. The price still waits, and so
    // does a new title.
    patch(&stage, &author, &event, json!({"title": "New"}))
        .await
        .expect(202);
    let mut kinds = types();
    kinds[0]["quota"] = json!(4);
    stage
        .admit(&author, &event, json!({"ticketTypes": kinds}))
        .await
        .expect(200);
    let waits = change(&stage, &approver, &event).await.expect(200);
    let names: Vec<&String> = waits.body["diff"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["ticketTypes", "title"]);
    decide(
        &stage,
        &approver,
        &event,
        "approve",
        waits.header("etag"),
        json!({}),
    )
    .await
    .expect(200);
    let seen = stage.admission(&event).await["ticketTypes"].clone();
    assert_eq!((price(&seen), &seen[0]["quota"]), (json!(100), &json!(4)));
    assert_eq!(stage.read(&author, &event).await.body["title"], "New");
}

/// A ticket type that somebody has is not proposed away, nor approved away by
/// who overtook a registration; and a refusal changes nothing.
#[tokio::test]
async fn b3_01_a_type_in_use_stays_whoever_is_first() {
    let stage = Stage::new().await;
    let (author, approver, event) = with_types(&stage).await;
    let only = json!({"ticketTypes": [types()[1]]});
    stage.admit(&author, &event, only.clone()).await.expect(202);
    let user = stage.world.user();
    stage
        .wish(&user, &event, json!({"ticketType": "vip"}))
        .await
        .expect(201);
    decide(&stage, &approver, &event, "approve", "*", json!({}))
        .await
        .expect(409)
        .problem("ticket-type-in-use");
    change(&stage, &author, &event).await.expect(200);
    assert_eq!(
        stage.admission(&event).await["ticketTypes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    stage
        .admit(&author, &event, only)
        .await
        .expect(409)
        .problem("ticket-type-in-use");
    decide(
        &stage,
        &approver,
        &event,
        "reject",
        "*",
        json!({"reason": "No."}),
    )
    .await
    .expect(200);
    change(&stage, &author, &event).await.expect(404);
    assert_eq!(stage.admission(&event).await["ticketTypes"][0]["id"], "vip");
}

/// Nobody approves an event whose prices changed while they looked, and a
/// rejected event is taken up again by changing them.
#[tokio::test]
async fn b3_01_admission_changes_are_seen_in_review_too() {
    let stage = Stage::new().await;
    let (author, approver, event) = reviewed(&stage).await;
    let other = json!({"organizationId": event["organizationId"]});
    let event = stage.create(&author, draft(other)).await;
    stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(200);
    stage
        .admit(&author, &event, json!({"ticketTypes": types()}))
        .await
        .expect(200);
    stage
        .act(&approver, &event, "approve", json!({}))
        .await
        .expect(428);
    stage
        .act(&approver, &event, "reject", json!({"reason": "Too dear."}))
        .await
        .expect(200);
    stage
        .admit(&author, &event, json!({"ticketTypes": [types()[1]]}))
        .await
        .expect(200);
    assert_eq!(stage.read(&author, &event).await.body["status"], "draft");
}

/// What an item of the table cannot hold is refused with a pointer.
#[tokio::test]
async fn b3_10_questions_have_a_size_in_all() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let options: Vec<String> = (0..50).map(|i| format!("{i:0>200}")).collect();
    let questions: Vec<Value> = (0..12)
        .map(|i| json!({"id": format!("q{i}"), "label": "Q", "type": "choice", "options": options}))
        .collect();
    let reply = stage
        .admit(&author, &event, json!({"questions": questions}))
        .await
        .expect(400);
    assert_eq!(reply.body["errors"][0]["pointer"], "/questions");
    assert_eq!(stage.admission(&event).await["version"], 0);
}
