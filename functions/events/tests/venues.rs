use plenary_events::worker::handle;
use serde_json::{Value, json};
use shared::principal::Role;
use shared::testing::TestUser;

use crate::support::{Stage, draft, path};
use crate::worker::batch;

fn hall(changes: Value) -> Value {
    let mut body = json!({"name": "Kongresshalle", "address": "John-Foster-Dulles-Allee 10",
        "city": "Berlin", "country": "DE", "coordinates": {"lat": 52.5187, "lng": 13.3655}});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn create(stage: &Stage, user: &TestUser, body: Value) -> Value {
    let request = stage.api.post("/v1/venues").bearer(user).json(body);
    request.send().await.expect(201).body
}

fn at(venue: &Value) -> String {
    format!("/v1/venues/{}", venue["id"].as_str().unwrap())
}

async fn names(stage: &Stage, query: &str) -> Vec<Value> {
    let request = stage.api.get(&format!("/v1/venues{query}"));
    let body = request.send().await.expect(200).body;
    let items = body["items"].as_array().unwrap().clone();
    items.iter().map(|venue| venue["name"].clone()).collect()
}

/// EV-21: create, read, change, delete, with the rights that each needs.
#[tokio::test]
async fn ev_21_venues_are_created_read_changed_and_deleted() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let admin = stage.member(org, Role::Admin).await;
    let organizer = stage.member(org, Role::Organizer).await;
    let member = stage.member(org, Role::Member).await;
    let outsider = stage.world.user();
    let body = hall(json!({"organizationId": org}));
    let post = || stage.api.post("/v1/venues").json(body.clone());
    post().send().await.expect(401);
    post().bearer(&member).send().await.expect(403);
    post().bearer(&outsider).send().await.expect(404);
    let reply = post().bearer(&organizer).send().await.expect(201);
    let venue = reply.body.clone();
    assert_eq!(reply.header("location"), at(&venue));
    let read = stage.api.get(&at(&venue)).send().await.expect(200);
    assert_eq!(read.body, venue);
    let patch = |user, tag: &str| {
        let request = stage.api.patch(&at(&venue)).bearer(user);
        request
            .header("if-match", tag)
            .json(json!({"name": "Haus der Kulturen", "address": null}))
    };
    patch(&organizer, "*").send().await.expect(403);
    patch(&admin, "\"7\"").send().await.expect(412);
    let bare = stage.api.patch(&at(&venue)).bearer(&admin);
    bare.json(json!({"name": "x"})).send().await.expect(428);
    let changed = patch(&admin, read.header("etag")).send().await.expect(200);
    assert_eq!(
        (
            &changed.body["name"],
            changed.body.get("address"),
            &changed.body["version"]
        ),
        (&json!("Haus der Kulturen"), None, &json!(2))
    );
    stage
        .api
        .delete(&at(&venue))
        .bearer(&organizer)
        .send()
        .await
        .expect(403);
    stage
        .api
        .delete(&at(&venue))
        .bearer(&admin)
        .send()
        .await
        .expect(204);
    stage.api.get(&at(&venue)).send().await.expect(404);
    assert!(names(&stage, "?city=berlin").await.is_empty());
}

#[tokio::test]
async fn ev_21_a_venue_is_checked() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    for (wrong, pointer) in [
        (json!({"name": " "}), "/name"),
        (json!({"country": "Germany"}), "/country"),
        (
            json!({"coordinates": {"lat": 91, "lng": 0}}),
            "/coordinates",
        ),
        (json!({"city": "x".repeat(101)}), "/city"),
        (json!({"colour": 1}), "/colour"),
    ] {
        let request = stage.api.post("/v1/venues").bearer(&user).json(hall(wrong));
        let problem = request.send().await.expect(400).problem("invalid-request");
        assert_eq!(problem.body["errors"][0]["pointer"], pointer);
    }
}

/// EV-21: found by place, city, organisation and name, page by page; a
/// person's own venues are that person's alone.
#[tokio::test]
async fn ev_21_venues_are_found() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let (admin, user) = (stage.member(org, Role::Admin).await, stage.world.user());
    for (name, lat) in [
        ("Bravo", 52.50),
        ("alpha", 52.52),
        ("Charlie", 52.54),
        ("Far", 53.55),
    ] {
        let city = if name == "Far" { "Hamburg" } else { "Berlin" };
        let body = hall(json!({"organizationId": org, "name": name, "city": city,
            "coordinates": {"lat": lat, "lng": 13.4}}));
        create(&stage, &admin, body).await;
    }
    let home = create(&stage, &user, hall(json!({"name": "Home"}))).await;
    let berlin = json!(["alpha", "Bravo", "Charlie"]);
    assert_eq!(json!(names(&stage, "?city=BERLIN").await), berlin);
    assert_eq!(
        json!(names(&stage, "?near=52.52,13.4&radiusKm=10").await),
        berlin
    );
    assert_eq!(
        names(&stage, "?near=52.52,13.4&radiusKm=200").await.len(),
        4
    );
    assert_eq!(names(&stage, "?city=berlin&q=LPH").await, ["alpha"]);
    let of_org = format!("?organizationId={org}");
    assert_eq!(names(&stage, &of_org).await.len(), 4);
    let first = stage.api.get(&format!("/v1/venues{of_org}&limit=2"));
    let first = first.send().await.expect(200).body;
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = names(&stage, &format!("{of_org}&cursor={cursor}")).await;
    assert_eq!(rest, ["Charlie", "Far"]);
    stage.api.get("/v1/venues").send().await.expect(400);
    stage
        .api
        .get("/v1/venues?near=1,1&radiusKm=501")
        .send()
        .await
        .expect(400);
    let own = stage
        .api
        .get("/v1/venues")
        .bearer(&user)
        .send()
        .await
        .expect(200);
    assert_eq!(own.body["items"][0]["name"], "Home");
    stage.api.get(&at(&home)).send().await.expect(404);
    stage
        .api
        .get(&at(&home))
        .bearer(&admin)
        .send()
        .await
        .expect(404);
    stage
        .api
        .delete(&at(&home))
        .bearer(&admin)
        .send()
        .await
        .expect(404);
}

/// EV-21: an event at a venue shows it, and follows when it changes.
#[tokio::test]
async fn ev_21_events_follow_their_venue() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let venue = create(&stage, &user, hall(json!({}))).await;
    let mut body = draft(json!({"venueId": venue["id"]}));
    stage
        .api
        .post("/v1/events")
        .bearer(&user)
        .json(body.clone())
        .send()
        .await
        .expect(400)
        .problem("invalid-request");
    body.as_object_mut().unwrap().remove("venue");
    let event = stage.create(&user, body.clone()).await;
    assert_eq!(event["venue"]["name"], "Kongresshalle");
    stage
        .act(&user, &event, "publish", json!({}))
        .await
        .expect(200);
    let request = stage
        .api
        .patch(&at(&venue))
        .bearer(&user)
        .header("if-match", "*");
    let patch = json!({"name": "Renamed", "coordinates": {"lat": 48.85, "lng": 2.35}});
    request.json(patch).send().await.expect(200);
    let told = stage.world.outbox(stage.world.table()).await;
    let updated = told
        .into_iter()
        .rfind(|event| event.kind == "venue.updated")
        .unwrap();
    for _ in 0..2 {
        let response = handle(
            &stage.store,
            &stage.exports,
            batch(std::slice::from_ref(&updated)),
        )
        .await;
        assert!(response.batch_item_failures.is_empty());
    }
    let read = stage.read(&user, &event).await.expect(200).body;
    assert_eq!(read["venue"]["name"], "Renamed");
    assert_eq!(read["version"], 3, "once, however often it is told");
    let kinds = stage.kinds().await;
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "event.updated").count(),
        1
    );
    // And it is found where it is now.
    let found = stage.api.get("/v1/events?near=48.85,2.35").send().await;
    assert_eq!(found.body["items"].as_array().unwrap().len(), 1);
    let there = stage
        .api
        .get("/v1/events?near=52.5187,13.3655")
        .send()
        .await;
    assert!(there.body["items"].as_array().unwrap().is_empty());
    // Another place by hand lets go of the venue.
    let request = stage
        .api
        .patch(&path(&event))
        .bearer(&user)
        .header("if-match", "*");
    let moved = request
        .json(json!({"venue": {"name": "Elsewhere"}}))
        .send()
        .await
        .expect(200);
    assert_eq!(moved.body.get("venueId"), None);
    // Somebody else's venue is none.
    let other = stage.world.user();
    let request = stage.api.post("/v1/events").bearer(&other).json(body);
    let problem = request.send().await.expect(400).problem("invalid-request");
    assert_eq!(problem.body["errors"][0]["pointer"], "/venueId");
}

/// EV-21: a deleted venue leaves events as they are, and changeable.
#[tokio::test]
async fn ev_21_a_deleted_venue_leaves_events_alone() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let venue = create(&stage, &user, hall(json!({}))).await;
    let mut body = draft(json!({"venueId": venue["id"]}));
    body.as_object_mut().unwrap().remove("venue");
    let event = stage.create(&user, body).await;
    stage
        .api
        .delete(&at(&venue))
        .bearer(&user)
        .send()
        .await
        .expect(204);
    let request = stage
        .api
        .patch(&path(&event))
        .bearer(&user)
        .header("if-match", "*");
    let changed = request
        .json(json!({"title": "Still on"}))
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(changed["venue"]["name"], "Kongresshalle");
    assert_eq!(changed.get("venueId"), None);
}
