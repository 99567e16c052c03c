use serde_json::json;
use shared::id::{EventId, RegistrationId};
use std::collections::BTreeSet;

use crate::stage::{Stage, baker, cancelled, founder, ids, investor, registration, saved};

#[tokio::test]
async fn mm_02_matches_come_best_first_with_score_reasons_and_interests() {
    let stage = Stage::new().await;
    let (event, talk) = (EventId::new(), EventId::new());
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    let chef = stage.attendee(event, baker()).await;
    for user in [me.id, angel.id] {
        stage
            .done(&[saved(user, talk, "Payments at scale", &["Payments"], 1)])
            .await;
    }
    let reply = stage
        .matches(&me, &format!("?eventId={event}"))
        .await
        .expect(200);
    assert_eq!(ids(&reply.body), [angel.id, chef.id]);
    let first = &reply.body["items"][0];
    let score = |at: usize| reply.body["items"][at]["score"].as_f64().unwrap();
    assert!(score(0) > 0.6 && score(0) <= 1.0, "{}", score(0));
    assert!(score(1) < 0.3 && score(1) >= 0.0, "{}", score(1));
    assert_eq!(first["availabilityOverlap"], json!(null));
    assert_eq!(
        first["mutualInterests"],
        json!(["Payments", "Payments at scale"])
    );
    assert_eq!(first["eventId"], json!(event));
    assert_eq!(first["headline"], json!("Backs young companies"));
    let reasons = first["reasons"].as_array().unwrap();
    let codes: Vec<_> = reasons
        .iter()
        .map(|reason| reason["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes[..4],
        [
            "offers-what-you-seek",
            "seeks-what-you-offer",
            "shared-interests",
            "shared-industries"
        ]
    );
    assert_eq!(
        reasons[0]["text"],
        json!("Offers what you look for: seed funding")
    );
    assert_eq!(reply.body["nextCursor"], json!(null));
    assert!(
        first.get("bio").is_none(),
        "the bio is for the matching only"
    );
}

/// Who sees whom is mutual, and so is the score.
#[tokio::test]
async fn mm_03_both_see_the_same_score() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    let query = format!("?eventId={event}");
    let mine = stage.matches(&me, &query).await.expect(200);
    let theirs = stage.matches(&angel, &query).await.expect(200);
    assert_eq!(ids(&mine.body), [angel.id]);
    assert_eq!(ids(&theirs.body), [me.id]);
    assert_eq!(
        mine.body["items"][0]["score"],
        theirs.body["items"][0]["score"]
    );
}

#[tokio::test]
async fn mm_02_without_an_event_all_attended_events_count_and_nobody_twice() {
    let stage = Stage::new().await;
    let (first, second, foreign) = (EventId::new(), EventId::new(), EventId::new());
    let me = stage.attendee(first, founder()).await;
    let angel = stage.attendee(first, investor()).await;
    let chef = stage.attendee(second, baker()).await;
    stage.attendee(foreign, investor()).await;
    for user in [me.id, angel.id] {
        stage
            .done(&[registration(second, user, RegistrationId::new(), 1)])
            .await;
    }
    let reply = stage.matches(&me, "").await.expect(200);
    assert_eq!(ids(&reply.body), [angel.id, chef.id]);
    assert_eq!(reply.body["items"][1]["eventId"], json!(second));
    // A cancelled event brings nobody together.
    stage.done(&[cancelled(second, chef.id, 9)]).await;
    stage.wait();
    let reply = stage.matches(&me, "").await.expect(200);
    assert_eq!(ids(&reply.body), [angel.id]);
}

#[tokio::test]
async fn mm_02_pages_follow_each_other_without_gaps() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    for _ in 0..7 {
        stage.attendee(event, investor()).await;
    }
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    let mut pages = 0;
    loop {
        let reply = stage
            .matches(&me, &format!("?eventId={event}&limit=3{cursor}"))
            .await
            .expect(200);
        let page = ids(&reply.body);
        assert!(page.len() <= 3);
        for id in page {
            assert!(seen.insert(id), "{id} twice");
        }
        pages += 1;
        match reply.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (7, 3));
    // A cursor belongs to its list.
    stage
        .matches(&me, &format!("?{}", &cursor[1..]))
        .await
        .expect(400);
    stage
        .matches(&me, &format!("?eventId={event}&limit=0"))
        .await
        .expect(400);
    stage.matches(&me, "?eventId=event_x").await.expect(400);
    stage
        .matches(&me, &format!("?eventId={event}&cursor=abc"))
        .await
        .expect(400);
}

#[tokio::test]
async fn mm_02_the_old_path_answers_for_oneself_only() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    let path = |id| format!("/{id}?eventId={event}");
    let reply = stage.matches(&me, &path(me.id)).await.expect(200);
    assert_eq!(ids(&reply.body), [angel.id]);
    assert!(reply.header("deprecation").starts_with('@'));
    stage
        .matches(&me, &path(angel.id))
        .await
        .expect(404)
        .problem("not-found");
}

#[tokio::test]
async fn mm_02_what_is_missing_is_said() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.world.user();
    let query = format!("?eventId={event}");
    stage
        .matches(&me, &query)
        .await
        .expect(409)
        .problem("profile-required");
    stage.set(&me, founder()).await.expect(200);
    stage
        .matches(&me, &query)
        .await
        .expect(403)
        .problem("not-attending");
    let none = stage.matches(&me, "").await.expect(200);
    assert_eq!(none.body["items"], json!([]));
    let id = RegistrationId::new();
    stage
        .done(&[
            registration(event, me.id, id, 1),
            cancelled(event, me.id, 5),
        ])
        .await;
    stage
        .matches(&me, &query)
        .await
        .expect(409)
        .problem("matching-cancelled");
    let hidden = json!({"preferences": {"openToMatch": false}});
    stage.set(&me, hidden).await.expect(200);
    stage
        .matches(&me, &query)
        .await
        .expect(409)
        .problem("matching-off");
}

#[tokio::test]
async fn mm_08_results_are_kept_and_made_again_when_something_changed() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let me = stage.attendee(event, founder()).await;
    let angel = stage.attendee(event, investor()).await;
    let query = format!("?eventId={event}");
    let first = stage.matches(&me, &query).await.expect(200);
    // Kept: the clock goes on, the answer stays.
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_secs(3));
    let kept = stage.matches(&me, &query).await.expect(200);
    assert_eq!(kept.body, first.body);
    // My own change is answered at once.
    stage.set(&me, baker()).await.expect(200);
    let mine = stage.matches(&me, &query).await.expect(200);
    assert_ne!(mine.body["computedAt"], first.body["computedAt"]);
    assert_ne!(
        mine.body["items"][0]["score"],
        first.body["items"][0]["score"]
    );
    // Others' changes when the results have served their time.
    let late = stage.attendee(event, baker()).await;
    assert_eq!(stage.found(&me, event).await, [angel.id]);
    stage.wait();
    assert_eq!(stage.found(&me, event).await, [late.id, angel.id]);
}
