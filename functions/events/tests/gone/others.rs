//! What others have of it: their places, their records, their events.

use jiff::SignedDuration;
use plenary_events::worker::complete_past;
use serde_json::{Value, json};
use shared::testing::{TestUser, cx};

use super::life::Life;
use super::{NOBODY, soon};
use crate::door::Gate;
use crate::support::{Stage, draft, path};
use crate::worker::{deliver, last};

/// XC-03, B1-12: key by key, nothing in the table names who is gone; what they
/// had is counted, once.
#[tokio::test]
async fn xc_03_nothing_names_who_is_gone() {
    let life = Life::lived().await;
    life.goes_by().await;
    let (stage, user) = (&life.stage, &life.user);
    assert!(stage.naming(user.id).await.len() > 30);
    let counts = stage.erase(user.id).await;
    life.follows().await;
    assert_eq!(stage.naming(user.id).await, Vec::<String>::new());
    let wanted = json!({
        "calendarFeeds": 1, "connections": 1, "drafts": 1, "events": 4, "feedbackLinks": 1,
        "handOvers": 3, "historyEntries": 10, "interests": 1, "registrations": 6,
        "savedEvents": 2, "scans": 3, "traces": 18, "venues": 2,
    });
    assert_eq!(counts, wanted);
    stage.api.get(&life.feed).send().await.expect(404);
}

/// XC-03: a place that becomes free is the next one's in the same moment, and
/// whoever is gone is written to no more.
#[tokio::test]
async fn xc_03_places_go_to_those_who_wait() {
    let life = Life::lived().await;
    let (stage, user) = (&life.stage, &life.user);
    stage.erase(user.id).await;
    let mine = stage.mine(&life.admin, &life.full).await;
    assert_eq!(mine["status"], "confirmed");
    let read = stage.read(&life.other, &life.full).await.body;
    let counts = (&read["attendeeCount"], &read["waitlistCount"]);
    assert_eq!(counts, (&json!(1), &json!(0)));
    let id = json!(user.id);
    let told = stage.world.outbox(stage.world.table()).await;
    let ended: Vec<_> = told
        .iter()
        .filter(|told| told.kind == "event.registration.cancelled" && told.data["userId"] == id)
        .collect();
    // One of these the person gave up before.
    assert_eq!(ended.len(), 5, "{ended:?}");
    for ended in ended {
        // What one did oneself one is not told of.
        assert_eq!(json!(ended.actor), id);
    }
    let promoted = last(stage, "event.registration.promoted").await;
    assert_eq!(promoted.data["userId"], json!(life.admin.id));
}

/// XC-03: the organiser's record of an event that took place stays right, and
/// names nobody; the ticket opens nothing any more.
#[tokio::test]
async fn xc_03_who_came_still_counts() {
    let questions = json!([{"id": "diet", "label": "Diet", "type": "text"}]);
    let gate = Gate::open(
        json!({}),
        json!({"questions": questions, "maxPerRegistration": 2}),
    )
    .await;
    let wish = json!({"quantity": 2, "answers": {"diet": "plants"}});
    let (guest, other) = (gate.guest(wish).await, gate.guest(json!({})).await);
    let tickets = gate.tickets(&guest).await;
    let entry = json!({"ticket": tickets[0], "device": "d1", "nonce": "n1"});
    assert_eq!(gate.scan(entry.clone()).await, "admitted");
    let stage = &gate.stage;
    let before = (
        gate.attendance("").await,
        stage.read(&other, &gate.event).await.body,
    );
    let counts = stage.erase(guest.id).await;
    assert_eq!(counts, json!({"registrations": 1, "scans": 1, "traces": 1}));
    let after = (
        gate.attendance("").await,
        stage.read(&other, &gate.event).await.body,
    );
    assert_eq!(before.0, after.0);
    assert_eq!(before.1["attendeeCount"], after.1["attendeeCount"]);
    assert_eq!(
        gate.scan(json!({"ticket": tickets[1]})).await,
        "not-registered"
    );
    assert_eq!(gate.scan(entry).await, "admitted", "the answer of before");
    let kept = stage.attendees(&gate.author, &gate.event).await;
    let kept = kept
        .iter()
        .find(|kept| kept["accountDeleted"] == true)
        .unwrap();
    assert_eq!(
        (&kept["status"], &kept["quantity"]),
        (&json!("checked_in"), &json!(2))
    );
    assert_eq!(kept["answers"], Value::Null);
    assert_ne!(kept["userId"], json!(guest.id));
    assert!(stage.naming(guest.id).await.is_empty());
    // When it is called off after all, nobody is told in their place.
    stage
        .act(&gate.author, &gate.event, "cancel", json!({}))
        .await
        .expect(200);
    let cancelled = last(stage, "event.cancelled").await;
    assert_eq!(deliver(stage, &[cancelled]).await, 0);
    let told = stage.world.outbox(stage.world.table()).await;
    let ended = told
        .iter()
        .filter(|told| told.kind == "event.registration.cancelled");
    let ended: Vec<&Value> = ended.map(|told| &told.data["userId"]).collect();
    assert_eq!(ended, [&json!(other.id)]);
    let read = stage.read(&other, &gate.event).await.body;
    assert_eq!(read["attendeeCount"], 0);
}

/// XC-03: who had a place until it was over counts on; who waited does not.
#[tokio::test]
async fn xc_03_what_is_over_keeps_its_numbers() {
    let stage = Stage::new().await;
    let (author, waits) = (stage.world.user(), stage.world.user());
    let event = stage.published(&author, soon(json!({"capacity": 1}))).await;
    let user = stage.world.user();
    stage.register(&user, &event).await.expect(201);
    stage.register(&waits, &event).await.expect(201);
    stage.world.clock.advance(SignedDuration::from_mins(11));
    for (gone, left) in [(&user, (1, 1)), (&waits, (1, 0))] {
        assert_eq!(deliver(&stage, &[super::news(gone.id)]).await, 0);
        let read = stage.read(&author, &event).await.body;
        let counts = (&read["attendeeCount"], &read["waitlistCount"]);
        assert_eq!(counts, (&json!(left.0), &json!(left.1)));
    }
    complete_past(&stage.store, &cx()).await.unwrap();
    assert_eq!(stage.read(&author, &event).await.body["attendeeCount"], 1);
}

/// XC-03, EV-05: own events that are ahead are called off as their maker could,
/// drafts go, and what took place stays, made by nobody.
#[tokio::test]
async fn xc_03_own_events_end() {
    let stage = Stage::new().await;
    let (user, guest) = (stage.world.user(), stage.world.user());
    let ahead = stage.published(&user, json!({"title": "Ahead"})).await;
    let session = json!({"parentId": ahead["id"], "title": "Session"});
    let session = stage.published(&user, session).await;
    let sketch = json!({"parentId": ahead["id"], "title": "Part"});
    let sketch = stage.create(&user, draft(sketch)).await;
    let past = stage.published(&user, soon(json!({"title": "Past"}))).await;
    stage.register(&guest, &ahead).await.expect(201);
    stage.world.clock.advance(SignedDuration::from_mins(11));
    complete_past(&stage.store, &cx()).await.unwrap();
    let counts = stage.erase(user.id).await;
    assert_eq!(
        (&counts["events"], &counts["drafts"]),
        (&json!(3), &json!(1))
    );
    let guest = renewed(&stage, &guest);
    for (event, status) in [
        (&ahead, "cancelled"),
        (&session, "cancelled"),
        (&past, "completed"),
    ] {
        let read = stage.read(&guest, event).await.expect(200).body;
        assert_eq!(
            (&read["status"], &read["createdBy"]),
            (&json!(status), &json!(NOBODY))
        );
    }
    stage.read(&guest, &sketch).await.expect(404);
    let told = stage.world.outbox(stage.world.table()).await;
    let cancelled: Vec<_> = told
        .into_iter()
        .filter(|told| told.kind == "event.cancelled")
        .collect();
    assert_eq!(cancelled.len(), 2);
    assert_eq!(deliver(&stage, &cancelled).await, 0);
    let ended = last(&stage, "event.registration.cancelled").await;
    assert_eq!(ended.data["userId"], json!(guest.id));
    assert_eq!(ended.data["reason"], "The organizer's account was deleted.");
    assert!(stage.naming(user.id).await.is_empty());
}

/// XC-03: an event of an organisation stays as it is, in review too, and goes on
/// without its author; its history has nobody's steps.
#[tokio::test]
async fn xc_03_events_of_organisations_go_on() {
    let life = Life::lived().await;
    let (stage, admin) = (&life.stage, &life.admin);
    let before = stage.read(admin, &life.theirs).await.expect(200).body;
    stage.erase(life.user.id).await;
    let after = stage.read(admin, &life.theirs).await.expect(200).body;
    assert_eq!(after["createdBy"], NOBODY);
    assert_eq!(before["status"], after["status"]);
    let at = format!("{}/history", path(&life.theirs));
    let history = stage.api.get(&at).bearer(admin).send().await.expect(200);
    let steps = history.body["items"].as_array().unwrap();
    let actors: Vec<&Value> = steps.iter().map(|step| &step["actorId"]).collect();
    let (nobody, admin_id) = (json!(NOBODY), json!(admin.id));
    assert_eq!(actors, [&admin_id, &nobody, &nobody]);
    stage
        .act(admin, &life.theirs, "publish", json!({}))
        .await
        .expect(200);
}

/// XC-03: in review nothing changed for whoever decides.
#[tokio::test]
async fn xc_03_a_review_goes_on() {
    let stage = Stage::new().await;
    let org = stage.organization(true).await;
    let author = stage.member(org, shared::principal::Role::Organizer).await;
    let approver = stage.member(org, shared::principal::Role::Approver).await;
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(200);
    stage.erase(author.id).await;
    stage
        .act(&approver, &event, "approve", json!({}))
        .await
        .expect(200);
}

fn renewed(stage: &Stage, user: &TestUser) -> TestUser {
    let claims = stage.world.claims(user.id, user.session);
    let token = stage.world.token(&claims);
    TestUser {
        token,
        ..user.clone()
    }
}
