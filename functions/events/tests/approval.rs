use serde_json::{Value, json};
use shared::principal::Role;
use shared::testing::{TestReply, TestUser};

use crate::support::{Stage, draft, path};

/// EV-06, EV-07, EV-09, EV-27, EV-28: from draft to published, with approval.
#[tokio::test]
async fn ev_06_07_09_submit_approve_publish() {
    let stage = Stage::new().await;
    let org = stage.organization(true).await;
    let author = stage.member(org, Role::Organizer).await;
    let approver = stage.member(org, Role::Approver).await;
    let outsider = stage.world.user();
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(409)
        .problem("wrong-transition");
    let event = stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(200)
        .body;
    assert_eq!(event["status"], "submitted");
    stage
        .read(&outsider, &event)
        .await
        .expect(404)
        .problem("not-found");
    stage.read(&approver, &event).await.expect(200);
    stage
        .act(&author, &event, "approve", json!({}))
        .await
        .expect(403);
    stage
        .act(&outsider, &event, "approve", json!({}))
        .await
        .expect(404);
    let event = stage
        .act(&approver, &event, "approve", json!({"note": "Good."}))
        .await
        .expect(200)
        .body;
    assert_eq!(
        (event["status"].as_str(), event["decisionNote"].as_str()),
        (Some("approved"), Some("Good."))
    );
    let event = stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(200)
        .body;
    assert_eq!(event["isActive"], true);
    stage.api.get(&path(&event)).send().await.expect(200);
    assert_eq!(
        stage.kinds().await,
        [
            "event.created",
            "event.submitted",
            "event.approved",
            "event.published"
        ]
    );
}

/// EV-08, EV-09: a rejected event becomes a draft by being changed.
#[tokio::test]
async fn ev_08_reject_needs_a_reason_and_lets_the_author_go_on() {
    let stage = Stage::new().await;
    let org = stage.organization(true).await;
    let author = stage.member(org, Role::Organizer).await;
    let approver = stage.member(org, Role::Approver).await;
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(200);
    stage
        .act(&approver, &event, "reject", json!({}))
        .await
        .expect(400);
    stage
        .act(&approver, &event, "reject", json!({"reason": " "}))
        .await
        .expect(400);
    let event = stage
        .act(&approver, &event, "reject", json!({"reason": "No venue."}))
        .await
        .expect(200)
        .body;
    assert_eq!(event["status"], "rejected");
    let problem = stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(409)
        .problem("wrong-transition");
    assert_eq!(problem.body["allowedTransitions"], json!(["draft"]));
    let event = stage
        .api
        .patch(&path(&event))
        .bearer(&author)
        .header("if-match", &format!("\"{}\"", event["version"]))
        .json(json!({"title": "Better"}))
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(event["status"], "draft");
    stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(200);
}

/// C35: without an organisation, or without its setting, a draft is published.
#[tokio::test]
async fn ev_09_without_approval_a_draft_is_published_at_once() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(409);
    stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(200);
    let person = stage.world.user();
    stage.published(&person, json!({})).await;
}

/// An owner may decide on an event of his own; a lower role may not at all.
#[tokio::test]
async fn ev_07_who_may_decide() {
    let stage = Stage::new().await;
    let org = stage.organization(true).await;
    let owner = stage.member(org, Role::Owner).await;
    let member = stage.member(org, Role::Member).await;
    let event = stage
        .create(&owner, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&owner, &event, "submit", json!({}))
        .await
        .expect(200);
    let refused = stage
        .act(&member, &event, "approve", json!({}))
        .await
        .expect(403);
    assert_eq!(refused.body["requiredPermission"], "event.approve");
    stage
        .act(&owner, &event, "approve", json!({}))
        .await
        .expect(200);
}

/// EV-10: a repeated key gives the same answer and one event on the bus.
#[tokio::test]
async fn ev_10_keys_on_create_submit_approve_reject() {
    let stage = Stage::new().await;
    let org = stage.organization(true).await;
    let author = stage.member(org, Role::Organizer).await;
    let approver = stage.member(org, Role::Approver).await;
    let create = || {
        stage
            .api
            .post("/v1/events")
            .bearer(&author)
            .key("c")
            .json(draft(json!({"organizationId": org})))
    };
    let first = create().send().await.expect(201);
    let again = create().send().await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    for (user, what) in [(&author, "submit"), (&approver, "approve")] {
        let send = || {
            stage
                .api
                .post(&format!("{}/{what}", path(&first.body)))
                .bearer(user)
                .key("k")
                .json(json!({}))
        };
        let one = send().send().await.expect(200);
        let two = send().send().await.expect(200);
        assert_eq!(one.body, two.body);
        assert_eq!(two.header("idempotency-replayed"), "true");
    }
    assert_eq!(
        stage.kinds().await,
        ["event.created", "event.submitted", "event.approved"]
    );
}

/// An organisation that has not arrived here yet is no reason to guess.
#[tokio::test]
async fn ev_09_an_unknown_organization_is_503_not_a_guess() {
    let stage = Stage::new().await;
    let org = shared::id::OrganizationId::new();
    let author = stage.member(org, Role::Organizer).await;
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    let reply = stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(503);
    assert_eq!(reply.header("retry-after"), "1");
}

pub async fn patch(stage: &Stage, user: &TestUser, event: &Value, patch: Value) -> TestReply {
    let request = stage.api.patch(&path(event)).bearer(user);
    request.header("if-match", "*").json(patch).send().await
}

/// An organisation with approval, its author and approver, and an approved and
/// published event.
pub async fn reviewed(stage: &Stage) -> (TestUser, TestUser, Value) {
    let org = stage.organization(true).await;
    let author = stage.member(org, Role::Organizer).await;
    let approver = stage.member(org, Role::Approver).await;
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(200);
    stage
        .act(&approver, &event, "approve", json!({}))
        .await
        .expect(200);
    let event = stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(200)
        .body;
    (author, approver, event)
}

pub async fn decide(
    stage: &Stage,
    user: &TestUser,
    event: &Value,
    what: &str,
    tag: &str,
    body: Value,
) -> TestReply {
    let at = format!("{}/change/{what}", path(event));
    let request = stage.api.post(&at).bearer(user).header("if-match", tag);
    request.json(body).send().await
}

/// B3-01: a change of what was approved waits, with the changed fields alone;
/// the public sees the approved values until it is approved.
#[tokio::test]
async fn b3_01_a_change_of_an_approved_event_is_reviewed_field_by_field() {
    let stage = Stage::new().await;
    let (author, approver, event) = reviewed(&stage).await;
    let at = format!("{}/change", path(&event));
    stage
        .api
        .get(&at)
        .bearer(&approver)
        .send()
        .await
        .expect(404);
    let reply = patch(
        &stage,
        &author,
        &event,
        json!({"title": "New", "capacity": 50}),
    )
    .await
    .expect(202);
    assert_eq!(
        reply.body["diff"],
        json!({"title": {"from": "Rust for conferences", "to": "New"},
            "capacity": {"from": null, "to": 50}})
    );
    // The author goes on while it is in review; approvers are told once.
    let reply = patch(
        &stage,
        &author,
        &event,
        json!({"capacity": null, "tags": ["wasm"]}),
    )
    .await
    .expect(202);
    let names: Vec<&String> = reply.body["diff"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["tags", "title"]);
    let public = stage.api.get(&path(&event)).send().await.expect(200).body;
    assert_eq!(public["title"], "Rust for conferences");
    assert_eq!(public.get("changePending"), None);
    let inside = stage.read(&author, &event).await.body;
    assert_eq!(inside["changePending"], true);
    let outsider = stage.world.user();
    stage
        .api
        .get(&at)
        .bearer(&outsider)
        .send()
        .await
        .expect(404);
    let seen = stage
        .api
        .get(&at)
        .bearer(&approver)
        .send()
        .await
        .expect(200);
    decide(&stage, &author, &event, "approve", "*", json!({}))
        .await
        .expect(403);
    let bare = stage.api.post(&format!("{at}/approve")).bearer(&approver);
    bare.json(json!({})).send().await.expect(428);
    let event = decide(
        &stage,
        &approver,
        &event,
        "approve",
        seen.header("etag"),
        json!({"note": "Fine."}),
    )
    .await
    .expect(200)
    .body;
    assert_eq!(
        (&event["title"], &event["tags"]),
        (&json!("New"), &json!(["wasm"]))
    );
    stage
        .api
        .get(&at)
        .bearer(&approver)
        .send()
        .await
        .expect(404);
    let found = stage.api.get("/v1/events?tag=wasm").send().await.body;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let told = stage.world.outbox(stage.world.table()).await;
    let about = |kind: &str| {
        let changes = told.iter().filter(|told| told.kind == kind);
        changes
            .filter(|told| told.data.get("changed").is_some())
            .count()
    };
    assert_eq!(
        (
            about("event.submitted"),
            about("event.approved"),
            about("event.updated")
        ),
        (1, 1, 1)
    );
}

/// B3-01: whoever decides says what they saw; a change that moved is 412.
#[tokio::test]
async fn b3_01_nobody_approves_what_they_have_not_seen() {
    let stage = Stage::new().await;
    let (author, approver, event) = reviewed(&stage).await;
    let seen = patch(&stage, &author, &event, json!({"title": "Harmless"}))
        .await
        .expect(202);
    let seen = seen.header("etag").to_owned();
    patch(&stage, &author, &event, json!({"title": "Harmful"}))
        .await
        .expect(202);
    decide(&stage, &approver, &event, "approve", &seen, json!({}))
        .await
        .expect(412)
        .problem("version-conflict");
    let public = stage.api.get(&path(&event)).send().await.expect(200).body;
    assert_eq!(public["title"], "Rust for conferences");
    // The same while the event as a whole is in review.
    let org: shared::id::OrganizationId =
        serde_json::from_value(event["organizationId"].clone()).unwrap();
    let other = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &other, "submit", json!({}))
        .await
        .expect(200);
    let edited = patch(&stage, &author, &other, json!({"title": "Edited"}))
        .await
        .expect(200)
        .body;
    assert_eq!(edited["status"], "submitted");
    stage
        .act(&approver, &other, "approve", json!({}))
        .await
        .expect(428);
    let request = stage
        .api
        .post(&format!("{}/approve", path(&other)))
        .bearer(&approver);
    let request = request.header("if-match", &format!("\"{}\"", edited["version"]));
    request.json(json!({})).send().await.expect(200);
}

/// B3-01: a rejected or withdrawn change leaves the event as it was.
#[tokio::test]
async fn b3_01_a_change_is_rejected_or_withdrawn_and_the_event_stays() {
    let stage = Stage::new().await;
    let (author, approver, event) = reviewed(&stage).await;
    let at = format!("{}/change", path(&event));
    patch(&stage, &author, &event, json!({"title": "New"}))
        .await
        .expect(202);
    decide(
        &stage,
        &approver,
        &event,
        "reject",
        "*",
        json!({"reason": " "}),
    )
    .await
    .expect(400);
    decide(
        &stage,
        &author,
        &event,
        "reject",
        "*",
        json!({"reason": "No."}),
    )
    .await
    .expect(403);
    let body = json!({"reason": "Too vague."});
    let after = decide(&stage, &approver, &event, "reject", "*", body)
        .await
        .expect(200)
        .body;
    assert_eq!(
        (&after["title"], &after["status"], &after["decisionNote"]),
        (&event["title"], &json!("published"), &json!("Too vague."))
    );
    stage
        .api
        .delete(&at)
        .bearer(&author)
        .send()
        .await
        .expect(404);
    patch(&stage, &author, &event, json!({"title": "Newer"}))
        .await
        .expect(202);
    stage
        .api
        .delete(&at)
        .bearer(&approver)
        .send()
        .await
        .expect(403);
    stage
        .api
        .delete(&at)
        .bearer(&author)
        .send()
        .await
        .expect(204);
    stage.api.get(&at).bearer(&author).send().await.expect(404);
    // A change to what is already so is none.
    patch(&stage, &author, &event, json!({"title": event["title"]}))
        .await
        .expect(400);
}

/// B3-01: what an approver changes meanwhile is not undone by the change.
#[tokio::test]
async fn b3_01_a_change_brings_its_own_fields_and_no_others() {
    let stage = Stage::new().await;
    let (author, approver, event) = reviewed(&stage).await;
    let org: shared::id::OrganizationId =
        serde_json::from_value(event["organizationId"].clone()).unwrap();
    let admin = stage.member(org, Role::Admin).await;
    patch(&stage, &author, &event, json!({"title": "New"}))
        .await
        .expect(202);
    patch(&stage, &admin, &event, json!({"description": "Meanwhile."}))
        .await
        .expect(200);
    let after = decide(&stage, &approver, &event, "approve", "*", json!({}))
        .await
        .expect(200)
        .body;
    assert_eq!(
        (&after["title"], &after["description"]),
        (&json!("New"), &json!("Meanwhile."))
    );
}

/// B3-01: the whole history, for those inside.
#[tokio::test]
async fn b3_01_the_history_has_every_step_with_who_when_and_what_was_said() {
    let stage = Stage::new().await;
    let (author, approver, event) = reviewed(&stage).await;
    patch(&stage, &author, &event, json!({"title": "New"}))
        .await
        .expect(202);
    let body = json!({"reason": "Too vague."});
    decide(&stage, &approver, &event, "reject", "*", body)
        .await
        .expect(200);
    stage
        .act(&author, &event, "cancel", json!({"reason": "Flood."}))
        .await
        .expect(200);
    let at = format!("{}/history", path(&event));
    stage.api.get(&at).send().await.expect(401);
    let outsider = stage.world.user();
    stage
        .api
        .get(&at)
        .bearer(&outsider)
        .send()
        .await
        .expect(403);
    let page = stage
        .api
        .get(&at)
        .bearer(&author)
        .send()
        .await
        .expect(200)
        .body;
    let told: Vec<(Value, Value, Value)> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| {
            (
                entry["step"].clone(),
                entry["actorId"].clone(),
                entry["note"].clone(),
            )
        })
        .collect();
    let by = |step: &str, who: &TestUser, note: Value| (json!(step), json!(who.id), note);
    assert_eq!(
        told,
        [
            by("created", &author, Value::Null),
            by("submitted", &author, Value::Null),
            by("approved", &approver, Value::Null),
            by("published", &author, Value::Null),
            by("changeSubmitted", &author, Value::Null),
            by("changeRejected", &approver, json!("Too vague.")),
            by("cancelled", &author, json!("Flood.")),
        ]
    );
    assert_eq!(page["items"][2]["changed"], json!(["title"]));
    let first = stage
        .api
        .get(&format!("{at}?limit=3"))
        .bearer(&author)
        .send()
        .await
        .body;
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = stage
        .api
        .get(&format!("{at}?cursor={cursor}"))
        .bearer(&author)
        .send()
        .await
        .body;
    assert_eq!(rest["items"].as_array().unwrap().len(), 4);
}

/// A deleted draft leaves nothing behind.
#[tokio::test]
async fn b3_01_a_deleted_draft_takes_its_history_along() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.create(&author, draft(json!({}))).await;
    patch(&stage, &author, &event, json!({"title": "New"}))
        .await
        .expect(200);
    stage
        .api
        .delete(&path(&event))
        .bearer(&author)
        .send()
        .await
        .expect(204);
    let items = stage.world.db.items(stage.world.table()).await;
    let left = items
        .iter()
        .filter(|item| format!("{item:?}").contains("EVENT#"));
    assert_eq!(left.count(), 0);
}
