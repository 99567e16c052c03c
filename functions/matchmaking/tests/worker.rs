use serde_json::{Map, json};
use shared::event::Event;
use shared::event::auth::UserRegistered;
use shared::event::users::UserProfileUpdated;
use shared::id::{EventId, RegistrationId, UserId};
use shared::testing::{TestUser, event};

use crate::stage::{
    Stage, cancellation, cancelled, founder, investor, published, registration, saved, unsaved,
};

fn named(user_id: UserId, name: &str, sequence: u64) -> Event {
    let mut changes = Map::new();
    changes.insert("name".into(), json!(name));
    event(&UserProfileUpdated { user_id, changes }, sequence)
}

async fn interests(stage: &Stage, user: &TestUser) -> serde_json::Value {
    let reply = stage
        .api
        .get("/v1/matchmaking/profile")
        .bearer(user)
        .send()
        .await;
    reply.expect(200).body["interests"].clone()
}

#[tokio::test]
async fn mm_09_saved_events_become_interests_and_go_with_them() {
    let stage = Stage::new().await;
    let (event, talk) = (EventId::new(), EventId::new());
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    assert_eq!(interests(&stage, &me).await, json!([]));
    stage
        .done(&[
            saved(me.id, talk, "Rust in production", &["rust", "backend"], 1),
            saved(angel.id, EventId::new(), "Async in depth", &["Rust"], 1),
        ])
        .await;
    assert_eq!(interests(&stage, &me).await, json!(["backend", "rust"]));
    let query = format!("?eventId={event}");
    let reply = stage.matches(&me, &query).await.expect(200);
    assert_eq!(reply.body["items"][0]["mutualInterests"], json!(["rust"]));
    stage.done(&[unsaved(me.id, talk, 2)]).await;
    assert_eq!(interests(&stage, &me).await, json!([]));
    let reply = stage.matches(&me, &query).await.expect(200);
    assert_eq!(reply.body["items"][0]["mutualInterests"], json!([]));
}

#[tokio::test]
async fn mm_09_disorder_and_duplicates_of_saving_are_harmless() {
    let stage = Stage::new().await;
    let me = stage.world.user();
    let talk = EventId::new();
    let (save, drop) = (
        saved(me.id, talk, "A talk", &["rust"], 1),
        unsaved(me.id, talk, 2),
    );
    stage.set(&me, founder()).await.expect(200);
    // The deletion comes first; what it deleted must not come back.
    stage.done(&[drop.clone(), save.clone(), save, drop]).await;
    assert_eq!(interests(&stage, &me).await, json!([]));
    let again = saved(me.id, talk, "A talk", &["rust"], 3);
    stage.done(&[again.clone(), again]).await;
    assert_eq!(interests(&stage, &me).await, json!(["rust"]));
}

#[tokio::test]
async fn mm_10_names_are_copied_and_only_newer_ones() {
    let stage = Stage::new().await;
    let event_id = EventId::new();
    let me = stage.attendee(event_id, founder()).await;
    let angel = stage.attendee(event_id, investor()).await;
    let name = async || {
        let reply = stage
            .matches(&me, &format!("?eventId={event_id}"))
            .await
            .expect(200);
        reply.body["items"][0]["name"].clone()
    };
    assert_eq!(name().await, json!(null));
    let born = UserRegistered {
        user_id: angel.id,
        name: Some("Ada".into()),
        username: None,
    };
    stage
        .done(&[named(angel.id, "Ada Lovelace", 2), event(&born, 1)])
        .await;
    assert_eq!(name().await, json!("Ada Lovelace"));
    stage
        .done(&[named(angel.id, "Countess", 3), named(angel.id, "Late", 2)])
        .await;
    assert_eq!(name().await, json!("Countess"));
    let mut changes = Map::new();
    changes.insert("bio".into(), json!("x"));
    let other = UserProfileUpdated {
        user_id: angel.id,
        changes,
    };
    stage.done(&[event(&other, 4)]).await;
    assert_eq!(name().await, json!("Countess"));
}

#[tokio::test]
async fn mm_02_a_newer_registration_outlives_the_cancellation_of_the_older() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let angel = stage.world.user();
    stage.set(&angel, investor()).await.expect(200);
    let (old, new) = (RegistrationId::new(), RegistrationId::new());
    assert!(old < new);
    stage
        .done(&[
            registration(event, angel.id, new, 1),
            registration(event, angel.id, old, 1),
            cancellation(event, angel.id, old, 2),
        ])
        .await;
    assert_eq!(stage.found(&me, event).await, [angel.id]);
    // The cancellation of the new one, and then everything once more.
    stage
        .done(&[
            cancellation(event, angel.id, new, 2),
            registration(event, angel.id, new, 1),
            registration(event, angel.id, old, 1),
        ])
        .await;
    stage.wait();
    assert!(stage.found(&me, event).await.is_empty());
}

#[tokio::test]
async fn mm_02_a_cancelled_event_does_not_come_back_by_older_news() {
    let stage = Stage::new().await;
    let at = EventId::new();
    let me = stage.attendee(at, founder()).await;
    stage
        .done(&[cancelled(at, me.id, 7), published(at, me.id, None, 3)])
        .await;
    let reply = stage
        .matches(&me, &format!("?eventId={at}"))
        .await
        .expect(409);
    reply.problem("matching-cancelled");
}

#[tokio::test]
async fn xc_01_a_poison_message_fails_alone() {
    let stage = Stage::new().await;
    let me = stage.world.user();
    let text = |event: &Event| serde_json::to_string(event).unwrap();
    let good = saved(me.id, EventId::new(), "A talk", &["rust"], 1);
    let mut broken = saved(me.id, EventId::new(), "A talk", &["rust"], 2);
    broken.data = json!({"userId": "nobody"});
    let mut unknown = good.clone();
    unknown.kind = "something.else".into();
    let failed = stage
        .deliver_texts(vec![
            "{no json".into(),
            text(&good),
            text(&broken),
            text(&unknown),
            text(&saved(me.id, EventId::new(), "B talk", &["go"], 1)),
        ])
        .await;
    assert_eq!(failed, ["0", "2"]);
    stage.set(&me, founder()).await.expect(200);
    assert_eq!(interests(&stage, &me).await, json!(["go", "rust"]));
}

/// Racing events and requests of one person come one after the other, and none
/// is lost.
#[tokio::test]
async fn mm_09_racing_changes_of_one_person_are_all_kept() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let saves: Vec<Event> = ["a", "b", "c", "d"]
        .iter()
        .map(|tag| saved(me.id, EventId::new(), "A talk", &[tag], 1))
        .collect();
    let (first, second, put) = tokio::join!(
        stage.deliver(&saves[..2]),
        stage.deliver(&saves[2..]),
        stage.set(&me, investor()),
    );
    put.expect(200);
    let mut failed = 0;
    for (chunk, result) in [(&saves[..2], first), (&saves[2..], second)] {
        failed += result.len();
        stage.done(chunk).await;
    }
    assert!(failed <= 4, "what failed came again");
    assert_eq!(interests(&stage, &me).await, json!(["a", "b", "c", "d"]));
}

/// At most 80 events are matched at once, and leaving one makes room.
#[tokio::test]
async fn mm_04_the_cost_of_a_change_is_bounded() {
    let stage = Stage::new().await;
    let last = EventId::new();
    let angel = stage.attendee(last, investor()).await;
    let me = stage.world.user();
    let places: Vec<(EventId, RegistrationId)> = (0..80)
        .map(|_| (EventId::new(), RegistrationId::new()))
        .collect();
    for (event, id) in &places {
        stage.done(&[registration(*event, me.id, *id, 1)]).await;
    }
    stage
        .done(&[registration(last, me.id, RegistrationId::new(), 1)])
        .await;
    stage.set(&me, founder()).await.expect(200);
    assert!(
        stage.found(&angel, last).await.is_empty(),
        "the 81st event has no badge"
    );
    // Hiding still takes every badge away in one commit.
    stage
        .set(&me, json!({"preferences": {"openToMatch": false}}))
        .await
        .expect(200);
    let badges = stage.world.db.items(stage.world.table()).await;
    let mine = badges.iter().filter(|item| {
        item["kind"].as_s().is_ok_and(|kind| kind == "badge")
            && item["sk"].as_s().is_ok_and(|sk| *sk == me.id.to_string())
    });
    assert_eq!(mine.count(), 0);
    stage.set(&me, founder()).await.expect(200);
    stage
        .done(&[cancellation(places[0].0, me.id, places[0].1, 2)])
        .await;
    stage
        .done(&[registration(last, me.id, RegistrationId::new(), 1)])
        .await;
    stage.wait();
    assert_eq!(stage.found(&angel, last).await, [me.id]);
}
