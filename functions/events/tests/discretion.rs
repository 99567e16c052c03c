//! What is for some and not for others, and answers that must not grow old.

use jiff::Timestamp;
use plenary_events::model::Saved;
use serde_json::{Value, json};
use shared::commit::Commit;
use shared::digest::from_base64url;
use shared::id::EventId;
use shared::principal::Role;
use shared::testing::cx;

use crate::admission::types;
use crate::door::Gate;
use crate::support::{Stage, draft, path};

/// B3-01: what an approver wrote is for those inside, wherever the event is seen.
#[tokio::test]
async fn b3_01_notes_of_decisions_are_for_those_inside() {
    let stage = Stage::new().await;
    let org = stage.organization(true).await;
    let author = stage.member(org, Role::Organizer).await;
    let approver = stage.member(org, Role::Approver).await;
    let outsider = stage.world.user();
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    let note = json!({"note": "The speaker is under investigation."});
    for (user, step, body) in [
        (&author, "submit", json!({})),
        (&approver, "approve", note),
        (&author, "publish", json!({})),
    ] {
        stage.act(user, &event, step, body).await.expect(200);
    }
    let save = format!("{}/save", path(&event));
    let request = stage.api.put(&save).bearer(&outsider);
    request.send().await.expect(204);
    for place in [path(&event), "/v1/events".into(), "/v1/events/saved".into()] {
        let seen = stage.api.get(&place).bearer(&outsider).send().await;
        let seen = seen.expect(200).text;
        assert!(seen.contains("Rust for conferences"), "{place}: {seen}");
        assert!(!seen.contains("investigation"), "{place}: {seen}");
    }
    let inside = stage.read(&author, &event).await.expect(200).body;
    assert_eq!(
        inside["decisionNote"],
        "The speaker is under investigation."
    );

    // Cancelled without a word, it does not repeat what was said before.
    let request = stage.api.delete(&path(&event)).bearer(&approver);
    request.send().await.expect(403);
    let admin = stage.member(org, Role::Admin).await;
    let request = stage.api.delete(&path(&event)).bearer(&admin);
    request.send().await.expect(204);
    let seen = stage.read(&outsider, &event).await.expect(200).body;
    assert_eq!(
        (&seen["status"], &seen["decisionNote"]),
        (&json!("cancelled"), &Value::Null)
    );
    let history = format!("{}/history", path(&event));
    let history = stage.api.get(&history).bearer(&author).send().await;
    let last = &history.expect(200).body["items"][0];
    assert_eq!(
        (&last["step"], &last["note"]),
        (&json!("cancelled"), &Value::Null)
    );
}

/// EV-05: why an event was cancelled is for everybody.
#[tokio::test]
async fn ev_05_the_reason_of_a_cancellation_is_public() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let reason = json!({"reason": "The hall is flooded."});
    stage
        .act(&author, &event, "cancel", reason)
        .await
        .expect(200);
    let seen = stage.api.get(&path(&event)).send().await.expect(200).body;
    assert_eq!(seen["decisionNote"], "The hall is flooded.");
}

/// B3-12: neither the order of feedback nor its cursors nor its times tell who
/// gave it.
#[tokio::test]
async fn b3_12_feedback_has_no_author_in_any_form() {
    let mut gate = Gate::open(json!({}), json!({})).await;
    let mut guests = Vec::new();
    for _ in 0..8 {
        guests.push(gate.guest(json!({})).await);
    }
    gate.later(24 * 60);
    guests.sort_by_key(|guest| guest.id);
    for (rating, guest) in guests.iter().enumerate() {
        let comment = format!("number {rating}");
        let opinion = json!({"rating": 1 + rating % 5, "comment": comment});
        gate.say(&gate.again(guest), opinion).await.expect(200);
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = format!("{}/feedback?limit=1{next}", path(&gate.event));
        let request = gate.stage.api.get(&page).bearer(&gate.author);
        let page = request.send().await.expect(200).body;
        for item in page["items"].as_array().unwrap() {
            assert!(item.get("updatedAt").is_none(), "{page}");
            assert_eq!(item["date"].as_str().unwrap().len(), 10);
            seen.push(item["comment"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        let told: String = cursor
            .split('.')
            .filter_map(from_base64url)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        assert!(
            told.contains("FEEDBACK"),
            "this test can read cursors: {told}"
        );
        assert!(!told.contains("user_"), "{told}");
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen.len(), 8);
    // By chance once in 40,320 runs.
    let by_person: Vec<String> = (0..8).map(|i| format!("number {i}")).collect();
    assert_ne!(seen, by_person);
}

/// EV-19: who asks whether anything has changed hears of every sale.
#[tokio::test]
async fn ev_19_the_tag_of_admission_follows_what_is_left() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let set = stage
        .admit(&author, &event, json!({"ticketTypes": types()}))
        .await
        .expect(200);
    let admission = format!("{}/admission", path(&event));
    let ask = |tag: String| {
        let request = stage.api.get(&admission).header("if-none-match", &tag);
        request.send()
    };
    let tag = set.header("etag").to_owned();
    ask(tag.clone()).await.expect(304);
    let wish = json!({"ticketType": "standard"});
    stage
        .wish(&stage.world.user(), &event, wish)
        .await
        .expect(201);
    let changed = ask(tag.clone()).await.expect(200);
    assert_eq!(changed.body["ticketTypes"][1]["available"], 3);
    // What was seen of the settings themselves is still true.
    let request = stage.api.put(&admission).bearer(&author);
    let request = request.header("if-match", &tag);
    let body = json!({"ticketTypes": types()});
    request.json(body).send().await.expect(200);
}

/// EV-18: what was let go of does not push out what is kept.
#[tokio::test]
async fn ev_18_what_was_let_go_of_hides_nothing() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let kept = stage.published(&author, json!({})).await;
    let reader = stage.world.user();
    let save = format!("{}/save", path(&kept));
    let request = stage.api.put(&save).bearer(&reader);
    request.send().await.expect(204);
    for _ in 0..5 {
        let mut commit = Commit::new(stage.world.table(), &cx());
        for _ in 0..50 {
            commit.create(&Saved {
                user_id: reader.id,
                event_id: EventId::new(),
                saved: false,
                at: Timestamp::UNIX_EPOCH,
                version: 0,
            });
        }
        commit.execute().await.unwrap();
    }
    let schedule = stage.api.get("/v1/events/schedule").bearer(&reader);
    let schedule = schedule.send().await.expect(200).body;
    assert_eq!(schedule["items"][0]["event"]["id"], kept["id"]);
}

/// EV-11: a day is that of the place where the event is, not London's.
#[tokio::test]
async fn ev_11_a_day_is_the_events_own() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    stage
        .published(
            &author,
            json!({"title": "Late in New York", "timeZone": "America/New_York",
                "startsAt": "2026-10-21T02:00:00Z", "endsAt": "2026-10-21T04:00:00Z"}),
        )
        .await;
    stage
        .published(
            &author,
            json!({"title": "Early in Auckland", "timeZone": "Pacific/Auckland",
                "startsAt": "2026-10-20T19:00:00Z", "endsAt": "2026-10-20T22:00:00Z"}),
        )
        .await;
    let on = async |date: &str| {
        let list = format!("/v1/events?date={date}");
        let list = stage.api.get(&list).send().await.expect(200).body;
        let titles = list["items"].as_array().unwrap().iter();
        titles
            .map(|event| event["title"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(on("2026-10-20").await, ["Late in New York"]);
    assert_eq!(on("2026-10-21").await, ["Early in Auckland"]);
    assert_eq!(on("2026-10-22").await, Vec::<String>::new());
}
