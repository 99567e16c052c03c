use serde_json::json;
use shared::principal::Role;

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
