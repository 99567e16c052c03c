//! Where registration and the programme meet.

use jiff::SignedDuration;
use plenary_events::worker::{end_offers, tell_due};
use serde_json::{Value, json};
use shared::testing::{TestUser, cx};

use crate::admission::types;
use crate::attendees::code;
use crate::parsers::read;
use crate::support::{Stage, path};
use crate::worker::{deliver, last};

async fn linked(stage: &Stage, event: &Value) -> Value {
    let at = format!("{}?format=jsonld", path(event));
    stage.api.get(&at).send().await.expect(200).body
}

/// B3-02, B3-09: linked data names each ticket type with its price and whether
/// it is to be had.
#[tokio::test]
async fn b3_02_09_linked_data_offers_the_ticket_types() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 10})).await;
    assert_eq!(linked(&stage, &event).await["isAccessibleForFree"], true);
    let mut kinds = types();
    kinds[0]["quota"] = json!(1);
    kinds[1]["salesFrom"] = json!("2026-01-01T00:00:00Z");
    stage
        .admit(&author, &event, json!({"ticketTypes": kinds}))
        .await
        .expect(200);
    let user = stage.world.user();
    stage
        .wish(&user, &event, json!({"ticketType": "vip"}))
        .await
        .expect(201);
    let data = linked(&stage, &event).await;
    assert_eq!(data["isAccessibleForFree"], false);
    let offers = data["offers"].as_array().unwrap();
    let row = |of: &Value| ["name", "price", "availability"].map(|name| of[name].clone());
    assert_eq!(
        offers.iter().map(row).collect::<Vec<_>>(),
        [
            [
                json!("VIP"),
                json!("99.00"),
                json!("https://schema.org/SoldOut")
            ],
            [
                json!("Standard"),
                json!("0"),
                json!("https://schema.org/InStock")
            ],
        ]
    );
    assert_eq!(offers[1]["validFrom"], "2026-01-01T01:00:00+01:00");
    assert_eq!(data["remainingAttendeeCapacity"], 9);
}

async fn standing(stage: &Stage, user: &TestUser) -> Value {
    let schedule = stage.api.get("/v1/events/schedule").bearer(user);
    let body = schedule.send().await.expect(200).body;
    body["items"][0]["standing"].clone()
}

async fn shown(stage: &Stage, feed: &str) -> Value {
    let text = stage.api.get(feed).send().await.expect(200).text;
    let event = &read(&text)["events"][0];
    json!([event["status"], event["transp"]])
}

/// B3-03, B3-04: a place that is only offered blocks nobody's time; once it is
/// taken it does, and an offer that ended is no appointment any more.
#[tokio::test]
async fn b3_03_04_an_offer_is_no_appointment_until_it_is_taken() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    stage
        .admit(&author, &event, json!({"offerMinutes": 10}))
        .await
        .expect(200);
    let [first, late, next] = [(); 3].map(|()| stage.world.user());
    for user in [&first, &late, &next] {
        stage.register(user, &event).await.expect(201);
        stage.world.clock.advance(SignedDuration::from_secs(1));
    }
    let mut feeds = Vec::new();
    for user in [&late, &next] {
        let request = stage.api.post("/v1/events/feeds").bearer(user);
        let body = request.json(json!({})).send().await.expect(201).body;
        let url = body["url"].as_str().unwrap();
        feeds.push(
            url.strip_prefix(shared::testing::ISSUER)
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(standing(&stage, &late).await, "waitlisted");
    stage.withdraw(&first, &event).await.expect(204);
    assert_eq!(standing(&stage, &late).await, "offered");
    assert_eq!(
        shown(&stage, &feeds[0]).await,
        json!(["TENTATIVE", "TRANSPARENT"])
    );
    stage.world.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(end_offers(&stage.store, &cx()).await.unwrap(), 1);
    assert_eq!(standing(&stage, &late).await, Value::Null);
    assert_eq!(shown(&stage, &feeds[0]).await, json!([null, null]));
    assert_eq!(standing(&stage, &next).await, "offered");
    let accept = format!("{}/registrations/me/accept", path(&event));
    stage
        .api
        .post(&accept)
        .bearer(&next)
        .send()
        .await
        .expect(200);
    assert_eq!(standing(&stage, &next).await, "registered");
    assert_eq!(
        shown(&stage, &feeds[1]).await,
        json!(["CONFIRMED", "OPAQUE"])
    );
}

/// B3-05, EV-20: everybody hears of a change, each once: who has an account in
/// the inbox, a guest whom the organiser registered at the address.
#[tokio::test]
async fn b3_05_ev_20_guests_hear_of_changes_at_their_address() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let [going, added] = [stage.world.user(), stage.world.user()];
    let event = stage.published(&author, json!({"capacity": 10})).await;
    stage.register(&going, &event).await.expect(201);
    for body in [
        json!({"userId": added.id}),
        json!({"email": "Guest@example.org"}),
    ] {
        stage
            .act(&author, &event, "attendees", body)
            .await
            .expect(201);
    }
    let request = stage.api.patch(&path(&event)).bearer(&author);
    request
        .header("if-match", "*")
        .json(json!({"startsAt": "2026-10-12T08:00:00Z"}))
        .send()
        .await
        .expect(200);
    stage.world.clock.advance(SignedDuration::from_mins(6));
    assert_eq!(tell_due(&stage.store, &cx()).await.unwrap(), 1);
    assert_eq!(tell_due(&stage.store, &cx()).await.unwrap(), 0);
    let told = stage.world.outbox(stage.world.table()).await;
    let of = |kind: &str| {
        let told = told.iter().filter(|told| told.kind == kind);
        told.map(|told| told.data.clone()).collect::<Vec<_>>()
    };
    let mut people: Vec<String> = of("event.change.noticed")
        .iter()
        .map(|data| data["userId"].as_str().unwrap().to_owned())
        .collect();
    people.sort();
    let mut wanted = [going.id.to_string(), added.id.to_string()];
    wanted.sort();
    assert_eq!(people, wanted);
    let guests = of("event.guest.noticed");
    assert_eq!(guests.len(), 1);
    assert_eq!(
        (&guests[0]["email"], &guests[0]["cancelled"]),
        (&json!("guest@example.org"), &json!(false))
    );
    assert_eq!(guests[0]["changed"], json!(["startsAt"]));
    assert_eq!(guests[0]["event"]["startsAt"], "2026-10-12T08:00:00Z");
}

/// B3-05, EV-05: a guest hears once, however often the news comes, that the
/// event is cancelled or the registration removed; one who has claimed it hears
/// as a user and not as a guest.
#[tokio::test]
async fn b3_05_ev_05_guests_hear_that_their_registration_ended() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 10})).await;
    let mut made = Vec::new();
    for name in ["stays", "removed", "claims"] {
        let body = json!({"email": format!("{name}@example.org")});
        let reply = stage.act(&author, &event, "attendees", body).await;
        made.push(reply.expect(201).body);
    }
    let code = code(&stage).await;
    let claimer = stage.world.user();
    stage
        .act(
            &claimer,
            &event,
            "registrations/take-over",
            json!({"code": code}),
        )
        .await
        .expect(201);
    let attendees = format!("{}/attendees", path(&event));
    let one = format!("{attendees}/{}", made[1]["userId"].as_str().unwrap());
    stage
        .api
        .delete(&one)
        .bearer(&author)
        .send()
        .await
        .expect(204);
    stage
        .act(&author, &event, "cancel", json!({"reason": "Storm."}))
        .await
        .expect(200);
    let cancelled = last(&stage, "event.cancelled").await;
    for _ in 0..2 {
        assert_eq!(deliver(&stage, std::slice::from_ref(&cancelled)).await, 0);
    }
    let told = stage.world.outbox(stage.world.table()).await;
    let guests: Vec<_> = told
        .iter()
        .filter(|told| told.kind == "event.guest.noticed")
        .map(|told| ["email", "cancelled", "reason"].map(|name| told.data[name].clone()))
        .collect();
    assert_eq!(
        guests
            .iter()
            .map(|told| told[0].clone())
            .collect::<Vec<_>>(),
        ["removed@example.org", "stays@example.org"]
    );
    assert!(guests.iter().all(|told| told[1] == true));
    assert_eq!(guests[1][2], "Storm.");
    let users = told
        .iter()
        .filter(|told| told.kind == "event.registration.cancelled");
    let users: Vec<_> = users.map(|told| told.data["userId"].clone()).collect();
    assert_eq!(users, [json!(claimer.id)]);
}
