use plenary_events::worker::handle;
use serde_json::{Value, json};
use shared::id::OrganizationId;
use shared::principal::Role;
use shared::testing::{TestReply, TestUser};

use crate::parsers::read;
use crate::support::{Stage, draft, path};
use crate::worker::batch;

/// The body of a session from one hour to another of the conference's day.
fn session(parent: &Value, title: &str, from: u8, to: u8, more: Value) -> Value {
    let mut body = json!({"parentId": parent["id"], "title": title, "timeZone": "Europe/Berlin",
        "startsAt": format!("2026-10-12T{from:02}:00:00Z"), "endsAt": format!("2026-10-12T{to:02}:00:00Z")});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn post(stage: &Stage, user: &TestUser, body: Value) -> TestReply {
    stage
        .api
        .post("/v1/events")
        .bearer(user)
        .json(body)
        .send()
        .await
}

async fn published(stage: &Stage, user: &TestUser, body: Value) -> Value {
    let event = post(stage, user, body).await.expect(201).body;
    stage
        .act(user, &event, "publish", json!({}))
        .await
        .expect(200)
        .body
}

fn titles(body: &Value) -> Vec<Value> {
    let items = body["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].clone()).collect()
}

/// B3-07: sessions with track, room and speakers, listed with their event and
/// not beside it.
#[tokio::test]
async fn b3_07_a_programme_of_sessions() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let conference = stage
        .published(&author, json!({"title": "Conference"}))
        .await;
    let speakers = json!([{"name": "Ada"}]);
    let a = json!({"track": "Core", "room": "R1", "speakers": speakers});
    let first = published(&stage, &author, session(&conference, "First", 8, 9, a)).await;
    assert_eq!(
        (
            &first["parentId"],
            &first["track"],
            &first["room"],
            &first["speakers"]
        ),
        (&conference["id"], &json!("Core"), &json!("R1"), &speakers)
    );
    let b = json!({"track": "Web", "room": "R2"});
    published(&stage, &author, session(&conference, "Second", 9, 10, b)).await;
    post(
        &stage,
        &author,
        session(&conference, "Draft", 10, 11, json!({})),
    )
    .await
    .expect(201);
    let at = format!("{}/programme", path(&conference));
    let public = stage.api.get(&at).send().await.expect(200);
    assert_eq!(titles(&public.body), ["First", "Second"]);
    assert_eq!(public.header("cache-control"), "public, max-age=60");
    let inside = stage.api.get(&at).bearer(&author).send().await.expect(200);
    assert_eq!(titles(&inside.body), ["First", "Second", "Draft"]);
    let web = stage.api.get(&format!("{at}?track=web")).send().await.body;
    assert_eq!(titles(&web), ["Second"]);
    let page = stage.api.get(&format!("{at}?limit=1")).send().await.body;
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = stage
        .api
        .get(&format!("{at}?limit=5&cursor={cursor}"))
        .send()
        .await
        .body;
    assert_eq!(
        (titles(&page), titles(&rest)),
        (vec![json!("First")], vec![json!("Second")])
    );
    let list = stage.api.get("/v1/events").send().await.body;
    assert_eq!(
        titles(&list),
        ["Conference"],
        "sessions do not crowd the list"
    );
    let ics = stage
        .api
        .get(&format!("{at}?format=ics"))
        .send()
        .await
        .expect(200)
        .text;
    let calendar = read(&ics);
    assert_eq!(calendar["events"][0]["location"], "R1");
    assert!(ics.contains("RELATED-TO;RELTYPE=PARENT:event_"));
    let data = stage
        .api
        .get(&format!("{}?format=jsonld", path(&first)))
        .send()
        .await
        .body;
    assert_eq!(data["performer"][0]["name"], "Ada");
    let hidden = stage.create(&author, draft(json!({}))).await;
    let at = format!("{}/programme", path(&hidden));
    stage.api.get(&at).send().await.expect(404);
}

/// B3-07: editions of a series are events of their own.
#[tokio::test]
async fn b3_07_editions_of_a_series_are_listed_by_themselves() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let series = stage.published(&author, json!({"title": "Meetup"})).await;
    let edition = json!({"standsAlone": true, "startsAt": "2026-12-01T18:00:00Z",
        "endsAt": "2026-12-01T20:00:00Z"});
    published(&stage, &author, session(&series, "December", 8, 9, edition)).await;
    let list = stage.api.get("/v1/events").send().await.body;
    assert_eq!(titles(&list), ["Meetup", "December"]);
    let at = format!("{}/programme", path(&series));
    let programme = stage.api.get(&at).send().await.body;
    assert_eq!(titles(&programme), ["December"]);
}

/// B3-07: a session belongs to who owns the event, once and within its time.
#[tokio::test]
async fn b3_07_a_session_is_checked_against_its_event() {
    let stage = Stage::new().await;
    let (author, other) = (stage.world.user(), stage.world.user());
    let conference = stage.published(&author, json!({})).await;
    let part = post(
        &stage,
        &author,
        session(&conference, "Part", 8, 9, json!({})),
    )
    .await
    .expect(201)
    .body;
    let org = stage.organization(false).await;
    for (body, pointer) in [
        (session(&conference, "Early", 6, 8, json!({})), "/startsAt"),
        (session(&conference, "Late", 14, 16, json!({})), "/endsAt"),
        (session(&part, "Nested", 8, 9, json!({})), "/parentId"),
        (
            session(&conference, "Org", 8, 9, json!({"organizationId": org})),
            "/organizationId",
        ),
        (
            session(
                &json!({"id": shared::id::EventId::new()}),
                "None",
                8,
                9,
                json!({}),
            ),
            "/parentId",
        ),
        (draft(json!({"track": "Core"})), "/track"),
        (
            session(
                &conference,
                "Nobody",
                8,
                9,
                json!({"speakers": [{"name": " "}]}),
            ),
            "/speakers/0/name",
        ),
    ] {
        let problem = post(&stage, &author, body)
            .await
            .expect(400)
            .problem("invalid-request");
        assert_eq!(problem.body["errors"][0]["pointer"], pointer);
    }
    post(
        &stage,
        &other,
        session(&conference, "Mine", 8, 9, json!({})),
    )
    .await
    .expect(403);
    let patch = |patch: Value| {
        let request = stage
            .api
            .patch(&path(&part))
            .bearer(&author)
            .header("if-match", "*");
        request.json(patch).send()
    };
    patch(json!({"parentId": null})).await.expect(400);
    patch(json!({"endsAt": "2026-10-12T16:00:00Z"}))
        .await
        .expect(400);
    patch(json!({"endsAt": "2026-10-12T10:00:00Z"}))
        .await
        .expect(200);
    // A draft with parts is not deleted from under them.
    let empty = stage.create(&author, draft(json!({}))).await;
    let only = post(&stage, &author, session(&empty, "Only", 8, 9, json!({})))
        .await
        .expect(201)
        .body;
    let delete = |event: Value| {
        let at = path(&event);
        let (api, author) = (stage.api.clone(), author.clone());
        async move { api.delete(&at).bearer(&author).send().await }
    };
    delete(empty.clone())
        .await
        .expect(409)
        .problem("has-sessions");
    delete(only).await.expect(204);
    delete(empty).await.expect(204);
}

/// B3-07: organisers are warned of rooms and speakers that are booked twice.
#[tokio::test]
async fn b3_07_double_bookings_of_rooms_and_speakers() {
    let stage = Stage::new().await;
    let org: OrganizationId = stage.organization(false).await;
    let organizer = stage.member(org, Role::Organizer).await;
    let member = stage.member(org, Role::Member).await;
    let conference = stage
        .create(&organizer, draft(json!({"organizationId": org})))
        .await;
    let add = async |title: &str, from, to, more: Value| {
        let body = session(&conference, title, from, to, more);
        post(&stage, &organizer, body).await.expect(201).body
    };
    let a = add(
        "A",
        8,
        10,
        json!({"room": "R1", "speakers": [{"name": "Ada"}]}),
    )
    .await;
    let b = add(
        "B",
        9,
        11,
        json!({"room": "r1", "speakers": [{"name": "Bob"}]}),
    )
    .await;
    let c = add(
        "C",
        9,
        11,
        json!({"room": "R2", "speakers": [{"name": "ada "}, {"name": "Bob"}]}),
    )
    .await;
    add(
        "After",
        11,
        12,
        json!({"room": "R1", "speakers": [{"name": "Ada"}]}),
    )
    .await;
    let at = format!("{}/programme/clashes", path(&conference));
    stage.api.get(&at).bearer(&member).send().await.expect(403);
    stage.api.get(&at).send().await.expect(401);
    let found = stage
        .api
        .get(&at)
        .bearer(&organizer)
        .send()
        .await
        .expect(200)
        .body;
    let clash = |resource: &str, name: &str, one: &Value, two: &Value| json!({"resource": resource, "name": name, "sessions": [one["id"], two["id"]]});
    let mut items = found["items"].as_array().unwrap().clone();
    items.sort_by_key(Value::to_string);
    let mut wanted = vec![
        clash("room", "R1", &a, &b),
        clash("speaker", "Ada", &a, &c),
        clash("speaker", "Bob", &b, &c),
    ];
    wanted.sort_by_key(Value::to_string);
    assert_eq!(items, wanted);
    assert_eq!(
        (&found["sessions"], &found["complete"]),
        (&json!(4), &json!(true))
    );
    let gone = stage.api.delete(&path(&a)).bearer(&organizer).send().await;
    gone.expect(204);
    let found = stage
        .api
        .get(&at)
        .bearer(&organizer)
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(found["items"], json!([clash("speaker", "Bob", &b, &c)]));
}

/// B3-07: a person is warned of what is at the same time; a session and its
/// conference are not.
#[tokio::test]
async fn b3_07_a_schedule_warns_of_clashes() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    let conference = stage
        .published(&author, json!({"title": "Conference"}))
        .await;
    let one = published(
        &stage,
        &author,
        session(&conference, "One", 8, 10, json!({})),
    )
    .await;
    let two = published(
        &stage,
        &author,
        session(&conference, "Two", 9, 11, json!({})),
    )
    .await;
    let three = published(
        &stage,
        &author,
        session(&conference, "Three", 11, 12, json!({})),
    )
    .await;
    for event in [&conference, &one] {
        stage.register(&user, event).await.expect(201);
    }
    for event in [&one, &two, &three] {
        let save = format!("{}/save", path(event));
        stage.api.put(&save).bearer(&user).send().await.expect(204);
    }
    let reply = stage
        .api
        .get("/v1/events/schedule")
        .bearer(&user)
        .send()
        .await
        .expect(200);
    let rows: Vec<(Value, Value, Value)> = reply.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["event"]["title"].clone(),
                item["standing"].clone(),
                item["clashesWith"].clone(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (json!("Conference"), json!("registered"), json!([])),
            (json!("One"), json!("registered"), json!([two["id"]])),
            (json!("Two"), json!("saved"), json!([one["id"]])),
            (json!("Three"), json!("saved"), json!([])),
        ]
    );
    stage
        .api
        .get("/v1/events/schedule")
        .send()
        .await
        .expect(401);
}

/// B3-07, EV-05: a cancelled event takes its sessions along, not the editions
/// of its series.
#[tokio::test]
async fn b3_07_cancelling_an_event_cancels_its_sessions() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let conference = stage.published(&author, json!({})).await;
    let open = published(
        &stage,
        &author,
        session(&conference, "Open", 8, 9, json!({})),
    )
    .await;
    let edition = json!({"standsAlone": true});
    let edition = published(
        &stage,
        &author,
        session(&conference, "Edition", 8, 9, edition),
    )
    .await;
    let body = session(&conference, "Draft", 8, 9, json!({}));
    let draft = post(&stage, &author, body).await.expect(201).body;
    stage
        .act(&author, &conference, "cancel", json!({"reason": "Flood."}))
        .await
        .expect(200);
    let told = stage.world.outbox(stage.world.table()).await;
    let cancelled = told
        .into_iter()
        .rfind(|event| event.kind == "event.cancelled")
        .unwrap();
    for _ in 0..2 {
        let response = handle(
            &stage.store,
            &stage.exports,
            batch(std::slice::from_ref(&cancelled)),
        )
        .await;
        assert!(response.batch_item_failures.is_empty());
    }
    for (event, status) in [
        (&open, "cancelled"),
        (&edition, "published"),
        (&draft, "draft"),
    ] {
        assert_eq!(stage.read(&author, event).await.body["status"], status);
    }
    let kinds = stage.kinds().await;
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "event.cancelled")
            .count(),
        2
    );
}

/// B3-07, EV-05: a session is published only while its event is, also when
/// that is cancelled in the same moment.
#[tokio::test]
async fn b3_07_a_session_of_a_cancelled_event_stays_a_draft() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let conference = stage.published(&author, json!({})).await;
    let mut drafts = Vec::new();
    for title in ["One", "Two"] {
        let body = session(&conference, title, 8, 9, json!({}));
        drafts.push(post(&stage, &author, body).await.expect(201).body);
    }
    let publish = |event: &Value| {
        let (stage, author, event) = (&stage, &author, event.clone());
        async move { stage.act(author, &event, "publish", json!({})).await }
    };
    let cancel = stage.act(&author, &conference, "cancel", json!({}));
    let (cancelled, racing) = tokio::join!(cancel, publish(&drafts[0]));
    cancelled.expect(200);
    if racing.status != 200 {
        racing.expect(409).problem("wrong-transition");
    }
    let refused = publish(&drafts[1]).await.expect(409);
    refused.problem("wrong-transition");
    let told = stage.world.outbox(stage.world.table()).await;
    let mut told = told.into_iter();
    let cancelled = told.rfind(|event| event.kind == "event.cancelled").unwrap();
    let response = handle(&stage.store, &stage.exports, batch(&[cancelled])).await;
    assert!(response.batch_item_failures.is_empty());
    for event in &drafts {
        let status = stage.read(&author, event).await.body["status"].clone();
        assert_ne!(status, "published");
    }
}
