use serde_json::{Value, json};
use shared::id::{EventId, RegistrationId};

use crate::stage::{Stage, cancellation, founder, ids, investor, registration, registration_as};

fn with(mut profile: Value, preferences: Value) -> Value {
    profile["preferences"] = preferences;
    profile
}

#[tokio::test]
async fn mm_02_only_attendees_of_the_same_event_see_each_other() {
    let stage = Stage::new().await;
    let (event, other) = (EventId::new(), EventId::new());
    let me = stage.attendee(event, founder()).await;
    let elsewhere = stage.attendee(other, investor()).await;
    let nowhere = stage.world.user();
    stage.set(&nowhere, investor()).await.expect(200);
    assert!(stage.found(&me, event).await.is_empty());
    assert!(ids(&stage.matches(&me, "").await.expect(200).body).is_empty());
    let foreign = format!("?eventId={event}");
    for stranger in [&elsewhere, &nowhere] {
        stage
            .matches(stranger, &foreign)
            .await
            .expect(403)
            .problem("not-attending");
    }
}

#[tokio::test]
async fn mm_02_the_waitlist_is_no_place() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let waiting = stage.world.user();
    let id = RegistrationId::new();
    stage.set(&waiting, investor()).await.expect(200);
    stage
        .done(&[registration_as(event, waiting.id, id, 1, "waitlisted")])
        .await;
    assert!(stage.found(&me, event).await.is_empty());
    stage
        .matches(&waiting, &format!("?eventId={event}"))
        .await
        .expect(403);
    let promoted = shared::event::events::RegistrationPromoted {
        registration_id: id,
        event_id: event,
        user_id: waiting.id,
        status: "confirmed".into(),
        title: "A conference".into(),
        starts_at: crate::stage::starts_at(),
        time_zone: "Europe/Berlin".into(),
        organizer_id: me.id,
        organization_id: None,
        reason: None,
        accepted: true,
    };
    stage.done(&[shared::testing::event(&promoted, 2)]).await;
    stage.wait();
    assert_eq!(stage.found(&me, event).await, [waiting.id]);
    assert_eq!(stage.found(&waiting, event).await, [me.id]);
}

/// Nobody is shown to others because somebody else registered them: only once
/// they accepted it.
#[tokio::test]
async fn mm_05_who_was_only_added_by_an_organiser_is_not_seen() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let added = stage.world.user();
    let id = RegistrationId::new();
    stage.set(&added, investor()).await.expect(200);
    let mut created = registration_as(event, added.id, id, 1, "confirmed");
    created.data["accepted"] = json!(false);
    stage.done(&[created]).await;
    assert!(stage.found(&me, event).await.is_empty());
    let reply = stage.matches(&added, &format!("?eventId={event}")).await;
    reply.expect(403).problem("not-attending");
    stage
        .done(&[registration_as(event, added.id, id, 2, "confirmed")])
        .await;
    stage.wait();
    assert_eq!(stage.found(&me, event).await, [added.id]);
}

/// Who hides vanishes at once, from kept results too.
#[tokio::test]
async fn mm_07_who_hides_is_gone_at_once_and_finds_nobody() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    assert_eq!(stage.found(&me, event).await, [angel.id]);
    for preferences in [
        json!({"openToMatch": false}),
        json!({"visibleTo": "nobody"}),
    ] {
        stage
            .set(&angel, with(investor(), preferences))
            .await
            .expect(200);
        assert!(stage.found(&me, event).await.is_empty());
        let reply = stage
            .matches(&angel, &format!("?eventId={event}"))
            .await
            .expect(409);
        reply.problem("matching-off");
        stage.set(&angel, investor()).await.expect(200);
        stage.wait();
        assert_eq!(stage.found(&me, event).await, [angel.id]);
    }
}

/// Somebody hidden from the start is in no roster, whatever happens to them.
#[tokio::test]
async fn mm_07_events_never_bring_a_hidden_person_to_light() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let hidden = stage.world.user();
    stage
        .set(&hidden, with(investor(), json!({"openToMatch": false})))
        .await
        .expect(200);
    stage
        .done(&[
            registration(event, hidden.id, RegistrationId::new(), 1),
            crate::stage::saved(hidden.id, EventId::new(), "A talk", &["rust"], 1),
        ])
        .await;
    stage.wait();
    assert!(stage.found(&me, event).await.is_empty());
}

#[tokio::test]
async fn mm_07_excluded_companies_are_kept_away_in_both_directions() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    assert_eq!(stage.found(&me, event).await, [angel.id]);
    let wary = with(
        founder(),
        json!({"excludeCompanies": [" globex  VENTURES "]}),
    );
    stage.set(&me, wary).await.expect(200);
    assert!(stage.found(&me, event).await.is_empty());
    assert!(stage.found(&angel, event).await.is_empty());
    // The other way round, although the reader's results are kept.
    stage.set(&me, founder()).await.expect(200);
    stage.wait();
    assert_eq!(stage.found(&me, event).await, [angel.id]);
    let wary = with(investor(), json!({"excludeCompanies": ["Acme"]}));
    stage.set(&angel, wary).await.expect(200);
    assert!(stage.found(&me, event).await.is_empty());
}

#[tokio::test]
async fn mm_02_who_gives_up_the_place_is_gone_at_once() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let angel = stage.world.user();
    let id = RegistrationId::new();
    stage.done(&[registration(event, angel.id, id, 1)]).await;
    stage.set(&angel, investor()).await.expect(200);
    assert_eq!(stage.found(&me, event).await, [angel.id]);
    stage.done(&[cancellation(event, angel.id, id, 2)]).await;
    assert!(stage.found(&me, event).await.is_empty());
    stage
        .matches(&angel, &format!("?eventId={event}"))
        .await
        .expect(403);
}
