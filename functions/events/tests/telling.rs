use jiff::SignedDuration;
use plenary_events::worker::{handle, tell_due};
use serde_json::{Value, json};
use shared::event::Event;
use shared::testing::{TestUser, cx};

use crate::support::{Stage, path};
use crate::worker::batch;

/// With a token of this moment: tokens end before notices do.
async fn change(stage: &Stage, user: &TestUser, event: &Value, patch: Value) {
    let token = stage
        .world
        .token(&stage.world.claims(user.id, user.session));
    let request = stage.api.patch(&path(event)).token(&token);
    request
        .header("if-match", "*")
        .json(patch)
        .send()
        .await
        .expect(200);
}

async fn save(stage: &Stage, user: &TestUser, event: &Value) {
    let at = format!("{}/save", path(event));
    stage.api.put(&at).bearer(user).send().await.expect(204);
}

async fn noticed(stage: &Stage) -> Vec<Event> {
    let told = stage.world.outbox(stage.world.table()).await;
    told.into_iter()
        .filter(|told| told.kind == "event.change.noticed")
        .collect()
}

async fn later(stage: &Stage, minutes: i64) -> usize {
    stage
        .world
        .clock
        .advance(SignedDuration::from_mins(minutes));
    tell_due(&stage.store, &cx()).await.unwrap()
}

/// B3-05: several changes are one notice, to everybody who goes there or keeps
/// it, once, with the SEQUENCE of the calendar; who left hears nothing.
#[tokio::test]
async fn b3_05_changes_within_minutes_are_one_notice_for_each() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 100})).await;
    let [going, both, keeps, left, unsaved] = [(); 5].map(|()| stage.world.user());
    for user in [&going, &both, &left] {
        stage.register(user, &event).await.expect(201);
    }
    let registrations = format!("{}/registrations", path(&event));
    stage.api.delete(&registrations).bearer(&left).send().await;
    for user in [&both, &keeps, &unsaved, &author] {
        save(&stage, user, &event).await;
    }
    let at = format!("{}/save", path(&event));
    stage
        .api
        .delete(&at)
        .bearer(&unsaved)
        .send()
        .await
        .expect(204);
    change(
        &stage,
        &author,
        &event,
        json!({"startsAt": "2026-10-12T08:00:00Z"}),
    )
    .await;
    assert_eq!(later(&stage, 3).await, 0, "others may follow");
    change(
        &stage,
        &author,
        &event,
        json!({"venue": {"name": "Halle 2"}}),
    )
    .await;
    change(
        &stage,
        &author,
        &event,
        json!({"description": "Unimportant."}),
    )
    .await;
    assert_eq!(later(&stage, 3).await, 0);
    assert_eq!(later(&stage, 3).await, 1);
    assert_eq!(later(&stage, 60).await, 0);
    let told = noticed(&stage).await;
    let mut people: Vec<Value> = told
        .iter()
        .map(|told| told.data["userId"].clone())
        .collect();
    people.sort_by_key(Value::to_string);
    let mut wanted = vec![json!(going.id), json!(both.id), json!(keeps.id)];
    wanted.sort_by_key(Value::to_string);
    assert_eq!(people, wanted, "each once, and not who changed it");
    let data = &told[0].data;
    assert_eq!(data["changed"], json!(["startsAt", "venue"]));
    assert_eq!(data["event"]["startsAt"], "2026-10-12T08:00:00Z");
    assert_eq!(
        (&data["calendarSequence"], told[0].sequence),
        (&json!(2), 2)
    );
}

/// B3-05: what was changed back, and what nobody needs to know, is not told.
#[tokio::test]
async fn b3_05_nothing_is_told_of_what_was_changed_back() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    stage
        .register(&stage.world.user(), &event)
        .await
        .expect(201);
    change(
        &stage,
        &author,
        &event,
        json!({"title": "Other", "tags": ["x"]}),
    )
    .await;
    assert_eq!(later(&stage, 30).await, 0);
    change(
        &stage,
        &author,
        &event,
        json!({"startsAt": "2026-10-12T08:00:00Z"}),
    )
    .await;
    change(
        &stage,
        &author,
        &event,
        json!({"startsAt": event["startsAt"]}),
    )
    .await;
    assert_eq!(later(&stage, 30).await, 1);
    assert!(noticed(&stage).await.is_empty());
    assert_eq!(later(&stage, 30).await, 0, "it does not wait for ever");
}

/// B3-05: an editor who never stops does not keep the others waiting.
#[tokio::test]
async fn b3_05_a_notice_waits_twenty_minutes_at_most() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    stage
        .register(&stage.world.user(), &event)
        .await
        .expect(201);
    let mut sent_after = None;
    for minute in 0..40 {
        let at = format!("2026-10-12T08:{minute:02}:00Z");
        change(&stage, &author, &event, json!({"startsAt": at})).await;
        if later(&stage, 1).await == 1 {
            sent_after = Some(minute + 1);
            break;
        }
    }
    assert_eq!(sent_after, Some(20));
}

/// B3-05: many people are told page by page, each once.
#[tokio::test]
async fn b3_05_hundreds_are_told_each_once() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    for _ in 0..90 {
        stage
            .register(&stage.world.user(), &event)
            .await
            .expect(201);
    }
    for _ in 0..90 {
        save(&stage, &stage.world.user(), &event).await;
    }
    change(&stage, &author, &event, json!({"venue": null})).await;
    assert_eq!(later(&stage, 6).await, 1);
    let mut people: Vec<String> = noticed(&stage)
        .await
        .iter()
        .map(|told| told.data["userId"].to_string())
        .collect();
    assert_eq!(people.len(), 180);
    people.sort();
    people.dedup();
    assert_eq!(people.len(), 180);
}

/// B3-05, EV-05: of a cancellation, who keeps the event hears at once, and who
/// was registered by the registration alone.
#[tokio::test]
async fn b3_05_who_keeps_an_event_hears_of_its_cancellation() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let (going, keeps) = (stage.world.user(), stage.world.user());
    stage.register(&going, &event).await.expect(201);
    save(&stage, &going, &event).await;
    save(&stage, &keeps, &event).await;
    stage
        .act(&author, &event, "cancel", json!({}))
        .await
        .expect(200);
    let told = stage.world.outbox(stage.world.table()).await;
    let cancelled = told
        .into_iter()
        .rfind(|event| event.kind == "event.cancelled")
        .unwrap();
    handle(&stage.store, &stage.exports, batch(&[cancelled])).await;
    assert_eq!(later(&stage, 0).await, 1);
    let told = noticed(&stage).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0].data["userId"], &told[0].data["cancelled"]),
        (&json!(keeps.id), &json!(true))
    );
}

/// B3-05: what a registration publishes has what a letter's calendar needs, with
/// the SEQUENCE of our own calendars, and only for whoever has, or had, a place.
#[tokio::test]
async fn b3_05_registrations_publish_the_calendar_of_whoever_has_a_place() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage
        .published(
            &author,
            json!({"capacity": 1, "venue": {"name": "Saal 1", "city": "Berlin"}}),
        )
        .await;
    let (first, second, keeps) = (stage.world.user(), stage.world.user(), stage.world.user());
    change(&stage, &author, &event, json!({"title": "Other"})).await;
    stage.register(&first, &event).await.expect(201);
    stage.register(&second, &event).await.expect(201);
    save(&stage, &keeps, &event).await;
    let registrations = format!("{}/registrations", path(&event));
    stage.api.delete(&registrations).bearer(&first).send().await;
    change(
        &stage,
        &author,
        &event,
        json!({"venue": {"name": "Saal 2", "city": "Berlin"}}),
    )
    .await;
    assert_eq!(later(&stage, 6).await, 1);
    stage
        .act(&author, &event, "cancel", json!({}))
        .await
        .expect(200);
    let cancelled = stage.world.outbox(stage.world.table()).await;
    let cancelled = cancelled
        .into_iter()
        .rfind(|event| event.kind == "event.cancelled");
    handle(&stage.store, &stage.exports, batch(&[cancelled.unwrap()])).await;
    let told = stage.world.outbox(stage.world.table()).await;
    let of = |kind: &str, user: &TestUser| -> Value {
        let kind = format!("event.{kind}");
        let found = told
            .iter()
            .find(|told| told.kind == kind && told.data["userId"] == json!(user.id));
        found.unwrap().data["calendar"].clone()
    };
    let calendar = |sequence: u32, venue: &str| {
        json!({"sequence": sequence, "endsAt": event["endsAt"],
            "location": format!("{venue}, Berlin")})
    };
    let created = "registration.created";
    assert_eq!(of(created, &first), calendar(1, "Saal 1"));
    assert_eq!(of(created, &second), Value::Null, "who waits has no place");
    assert_eq!(of("registration.promoted", &second), calendar(1, "Saal 1"));
    assert_eq!(
        of("registration.cancelled", &first),
        calendar(1, "Saal 1"),
        "the event takes place"
    );
    assert_eq!(of("change.noticed", &second), calendar(2, "Saal 2"));
    assert_eq!(of("change.noticed", &keeps), Value::Null);
    let mut called_off = calendar(3, "Saal 2");
    called_off["cancelled"] = json!(true);
    assert_eq!(of("registration.cancelled", &second), called_off);
}
