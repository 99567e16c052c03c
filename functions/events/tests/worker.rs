use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use plenary_events::worker::{complete_past, handle};
use serde_json::{Value, json};
use shared::event::Event;
use shared::event::auth::{OrganizationCreated, OrganizationDeleted, OrganizationUpdated};
use shared::principal::Role;
use shared::testing::{TestUser, cx, event};

use crate::support::{Stage, draft, path};

/// Events as the queue hands them over.
pub fn batch(events: &[Event]) -> SqsEvent {
    let mut batch = SqsEvent::default();
    for (i, event) in events.iter().enumerate() {
        let mut message = SqsMessage::default();
        message.message_id = Some(i.to_string());
        message.body = Some(serde_json::to_string(event).unwrap());
        batch.records.push(message);
    }
    batch
}

pub async fn deliver(stage: &Stage, events: &[Event]) -> usize {
    handle(&stage.store, &stage.exports, batch(events))
        .await
        .batch_item_failures
        .len()
}

pub async fn last(stage: &Stage, kind: &str) -> Event {
    let told = stage.world.outbox(stage.world.table()).await;
    told.into_iter().rfind(|event| event.kind == kind).unwrap()
}

async fn status(stage: &Stage, user: &TestUser, event: &Value) -> String {
    let path = format!("{}/registrations/me", path(event));
    stage.api.get(&path).bearer(user).send().await.body["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// EV-05: everybody's registration ends and is told once, however often the
/// event comes.
#[tokio::test]
async fn ev_05_cancelling_ends_every_registration_once() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 40})).await;
    let users: Vec<TestUser> = (0..45).map(|_| stage.world.user()).collect();
    for user in &users {
        stage.register(user, &event).await.expect(201);
    }
    stage
        .act(&author, &event, "cancel", json!({"reason": "Flood."}))
        .await
        .expect(200);
    let cancelled = last(&stage, "event.cancelled").await;
    assert_eq!(
        deliver(&stage, &[cancelled.clone(), cancelled.clone()]).await,
        0
    );
    assert_eq!(deliver(&stage, &[cancelled]).await, 0);
    for user in &users {
        assert_eq!(status(&stage, user, &event).await, "cancelled");
    }
    let told = stage.world.outbox(stage.world.table()).await;
    let told: Vec<&Event> = told
        .iter()
        .filter(|told| told.kind == "event.registration.cancelled")
        .collect();
    assert_eq!(told.len(), 45);
    assert!(told.iter().all(|told| told.data["reason"] == "Flood."));
    let read = stage.read(&author, &event).await.body;
    assert_eq!(
        (&read["attendeeCount"], &read["waitlistCount"]),
        (&json!(0), &json!(0))
    );
}

/// EV-20: places of a larger capacity go to those who wait, in order.
#[tokio::test]
async fn ev_20_more_capacity_promotes_in_order() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    let users: Vec<TestUser> = (0..4).map(|_| stage.world.user()).collect();
    for user in &users {
        stage.register(user, &event).await.expect(201);
        stage
            .world
            .clock
            .advance(jiff::SignedDuration::from_secs(1));
    }
    stage
        .api
        .patch(&path(&event))
        .bearer(&author)
        .header("if-match", "*")
        .json(json!({"capacity": 3}))
        .send()
        .await
        .expect(200);
    let updated = last(&stage, "event.updated").await;
    assert_eq!(updated.data["changed"], json!(["capacity"]));
    assert_eq!(deliver(&stage, &[updated.clone(), updated]).await, 0);
    let mut now = Vec::new();
    for user in &users {
        now.push(status(&stage, user, &event).await);
    }
    assert_eq!(now, ["confirmed", "confirmed", "confirmed", "waitlisted"]);
}

/// OR, C35: settings arrive late, twice and out of order; the newest holds.
#[tokio::test]
async fn ev_09_organization_settings_follow_the_sequence() {
    let stage = Stage::new().await;
    let id = shared::id::OrganizationId::new();
    let created = event(
        &OrganizationCreated {
            organization_id: id,
            name: "O".into(),
            slug: "o".into(),
            event_approval: true,
        },
        1,
    );
    let updated = event(
        &OrganizationUpdated {
            organization_id: id,
            name: "O".into(),
            slug: "o".into(),
            event_approval: false,
        },
        2,
    );
    assert_eq!(
        deliver(&stage, &[updated.clone(), created, updated]).await,
        0
    );
    assert!(!stage.store.organization(id).await.unwrap().event_approval);
}

#[tokio::test]
async fn or_01_a_deleted_organizations_events_end() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let open = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &open, "publish", json!({}))
        .await
        .expect(200);
    let hidden = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    let deleted = event(
        &OrganizationDeleted {
            organization_id: org,
        },
        9,
    );
    assert_eq!(deliver(&stage, &[deleted.clone(), deleted]).await, 0);
    assert_eq!(
        stage.read(&author, &open).await.expect(200).body["status"],
        "cancelled"
    );
    stage.read(&author, &hidden).await.expect(404);
}

/// EV-09: what is over is completed by the schedule, once.
#[tokio::test]
async fn ev_09_past_events_are_completed() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let past = stage.published(&author, json!({})).await;
    let later = stage
        .published(
            &author,
            json!({"startsAt": "2027-10-12T07:00:00Z", "endsAt": "2027-10-12T15:00:00Z"}),
        )
        .await;
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_hours(24 * 60));
    assert_eq!(complete_past(&stage.store, &cx()).await.unwrap(), 1);
    assert_eq!(complete_past(&stage.store, &cx()).await.unwrap(), 0);
    let seen = stage.world.user();
    let user = stage
        .world
        .token(&stage.world.claims(seen.id, seen.session));
    let read = |event: &Value| stage.api.get(&path(event)).token(&user).send();
    assert_eq!(read(&past).await.body["status"], "completed");
    assert_eq!(read(&later).await.body["status"], "published");
}

/// XC-01: a body that is none comes back; the others are done.
#[tokio::test]
async fn xc_01_poison_is_reported_alone() {
    let stage = Stage::new().await;
    let id = shared::id::OrganizationId::new();
    let good = event(
        &OrganizationCreated {
            organization_id: id,
            name: "O".into(),
            slug: "o".into(),
            event_approval: true,
        },
        1,
    );
    let mut bad = good.clone();
    bad.data = json!({"organizationId": "nonsense"});
    assert_eq!(deliver(&stage, &[bad, good]).await, 1);
    assert!(stage.store.organization(id).await.is_ok());
}
