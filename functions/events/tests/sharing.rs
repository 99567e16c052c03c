//! B3-10, EV-15: what attendees let others know, and take back.

use serde_json::{Value, json};
use shared::testing::{TestReply, TestUser};

use crate::support::{Stage, path};

const SHARED: &str = "event.registration.answers.shared";

fn questions() -> Value {
    json!([
        {"id": "topics", "label": "Topics", "type": "multi-choice",
         "options": ["Rust", "AWS"], "matchmaking": true},
        {"id": "stack", "label": "Your stack", "type": "text", "matchmaking": true},
        {"id": "diet", "label": "Diet", "type": "text"},
    ])
}

fn wish(consent: bool) -> Value {
    json!({"answers": {"topics": ["Rust"], "stack": "DynamoDB, SQS", "diet": "vegan"},
        "matchmakingConsent": consent})
}

async fn asking(stage: &Stage) -> Value {
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 10})).await;
    stage
        .admit(&author, &event, json!({"questions": questions()}))
        .await
        .expect(200);
    event
}

async fn consent(stage: &Stage, user: &TestUser, event: &Value, patch: Value) -> TestReply {
    let mine = format!("{}/registrations/me", path(event));
    stage.api.patch(&mine).bearer(user).json(patch).send().await
}

/// What was told of a person's answers: the sequence and the terms.
async fn told(stage: &Stage, user: &TestUser) -> Vec<(u64, Value)> {
    let told = stage.world.outbox(stage.world.table()).await;
    told.into_iter()
        .filter(|told| told.kind == SHARED && told.data["userId"] == json!(user.id))
        .map(|told| (told.sequence, told.data["answers"].clone()))
        .collect()
}

/// B3-10: answers of marked questions go to the matchmaking with consent, and
/// are withdrawn with it or with the registration.
#[tokio::test]
async fn b3_10_marked_answers_are_shared_with_consent_and_withdrawn() {
    let stage = Stage::new().await;
    let event = asking(&stage).await;
    let (shy, open) = (stage.world.user(), stage.world.user());
    stage.wish(&shy, &event, wish(false)).await.expect(201);
    stage.wish(&open, &event, wish(true)).await.expect(201);
    assert!(told(&stage, &shy).await.is_empty());
    assert_eq!(
        told(&stage, &open).await[0].1,
        json!(["Rust", "DynamoDB", "SQS"])
    );
    // Consent comes and goes without touching the registration otherwise.
    let reply = consent(&stage, &open, &event, json!({"matchmakingConsent": false}))
        .await
        .expect(200);
    assert_eq!(reply.body["matchmakingConsent"], false);
    assert_eq!(reply.body["status"], "confirmed");
    // Said again, nothing more is told.
    consent(&stage, &open, &event, json!({"matchmakingConsent": false}))
        .await
        .expect(200);
    consent(&stage, &shy, &event, json!({"matchmakingConsent": true}))
        .await
        .expect(200);
    stage.withdraw(&shy, &event).await.expect(204);
    for (user, counts) in [(&open, [3, 0]), (&shy, [3, 0])] {
        let told = told(&stage, user).await;
        assert_eq!(
            told.iter()
                .map(|(_, terms)| terms.as_array().unwrap().len())
                .collect::<Vec<_>>(),
            counts
        );
        assert!(told[0].0 < told[1].0, "later news has a greater sequence");
    }
    // Again with consent: the sequence goes on.
    let before = told(&stage, &shy).await[1].0;
    stage.wish(&shy, &event, wish(true)).await.expect(201);
    assert!(told(&stage, &shy).await[2].0 > before);
}

/// B3-10: who may not, what is no consent, and what is no interest.
#[tokio::test]
async fn b3_10_bad_consent_changes_nothing() {
    let stage = Stage::new().await;
    let event = asking(&stage).await;
    let user = stage.world.user();
    let yes = || json!({"matchmakingConsent": true});
    consent(&stage, &user, &event, yes()).await.expect(404);
    stage.wish(&user, &event, wish(false)).await.expect(201);
    for bad in [
        json!({"matchmakingConsent": 1}),
        json!({"status": "confirmed"}),
        json!([]),
    ] {
        consent(&stage, &user, &event, bad).await.expect(400);
    }
    stage.withdraw(&user, &event).await.expect(204);
    consent(&stage, &user, &event, yes()).await.expect(409);
    assert!(told(&stage, &user).await.is_empty());
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let number = json!([{"id": "n", "label": "N", "type": "number", "matchmaking": true}]);
    let reply = stage
        .admit(&author, &event, json!({"questions": number}))
        .await
        .expect(400);
    assert_eq!(
        reply.body["errors"][0]["pointer"],
        "/questions/0/matchmaking"
    );
}

/// B3-10: who hands a registration over takes the answers along; who takes it
/// decides anew.
#[tokio::test]
async fn b3_10_a_hand_over_withdraws_the_answers() {
    let stage = Stage::new().await;
    let event = asking(&stage).await;
    let (giver, taker) = (stage.world.user(), stage.world.user());
    stage.wish(&giver, &event, wish(true)).await.expect(201);
    stage
        .act(
            &giver,
            &event,
            "registrations/me/transfer",
            json!({"userId": taker.id}),
        )
        .await
        .expect(202);
    let body = json!({"fromUserId": giver.id, "answers": {"topics": ["AWS"]},
        "matchmakingConsent": true});
    stage
        .act(&taker, &event, "registrations/take-over", body)
        .await
        .expect(201);
    assert_eq!(told(&stage, &giver).await[1].1, json!([]));
    assert_eq!(told(&stage, &taker).await[0].1, json!(["AWS"]));
}
