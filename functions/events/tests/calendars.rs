use serde_json::{Value, json};

use crate::parsers::{ask, foreign, read};
use crate::support::{Stage, draft, path};
use shared::testing::{TestReply, TestUser};

const AWKWARD: &str = "Größe; Zahl, Pfad C:\\temp \"q\" — 日本語 🎉";

async fn calendar(stage: &Stage, at: &str) -> TestReply {
    let reply = stage.api.get(at).send().await.expect(200);
    assert_eq!(reply.header("content-type"), "text/calendar; charset=utf-8");
    assert!(reply.text.split("\r\n").all(|line| line.len() <= 75));
    assert!(!reply.text.replace("\r\n", "").contains(['\r', '\n']));
    reply
}

async fn change(stage: &Stage, user: &TestUser, event: &Value, patch: Value) -> Value {
    let request = stage.api.patch(&path(event)).bearer(user);
    let request = request.header("if-match", "*").json(patch);
    request.send().await.expect(200).body
}

/// Creates a calendar; gives its id and the path of its secret address.
async fn feed(stage: &Stage, user: &TestUser, wanted: Value) -> (String, String) {
    let request = stage.api.post("/v1/events/feeds").bearer(user).json(wanted);
    let body = request.send().await.expect(201).body;
    let url = body["url"].as_str().unwrap();
    let path = url
        .strip_prefix(shared::testing::ISSUER)
        .unwrap()
        .to_owned();
    assert_eq!(body["webcalUrl"], json!(url.replacen("https", "webcal", 1)));
    (body["id"].as_str().unwrap().to_owned(), path)
}

/// B3-04, B3-09: an event is a calendar under either address.
#[tokio::test]
async fn b3_04_an_event_as_icalendar() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"title": AWKWARD})).await;
    let by_path = calendar(&stage, &format!("{}.ics", path(&event))).await;
    let by_query = calendar(&stage, &format!("{}?format=ics", path(&event))).await;
    assert_eq!(by_path.text, by_query.text);
    let read = read(&by_path.text);
    assert_eq!(read["method"], "PUBLISH");
    let entry = &read["events"][0];
    assert_eq!(entry["uid"], event["id"]);
    assert_eq!(
        (&entry["start"], &entry["end"]),
        (&json!("20261012T070000Z"), &json!("20261012T150000Z"))
    );
    assert_eq!(entry["status"], "CONFIRMED");
    stage
        .api
        .get(&format!("{}.ics?format=jsonld", path(&event)))
        .send()
        .await
        .expect(400);
    stage.api.get("/v1/events/x.ics").send().await.expect(404);
    let hidden = stage.create(&author, draft(json!({}))).await;
    for at in [
        format!("{}.ics", path(&hidden)),
        format!("{}?format=jsonld", path(&hidden)),
    ] {
        stage.api.get(&at).send().await.expect(404);
    }
}

/// B3-04, B3-05: SEQUENCE counts what a calendar must hear of, and nothing
/// else; the UID stays; a cancelled event is a CANCEL.
#[tokio::test]
async fn b3_05_sequence_moves_with_time_and_place_and_cancellation() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let ics = format!("{}.ics", path(&event));
    let sequence =
        async || read(&calendar(&stage, &ics).await.text)["events"][0]["sequence"].clone();
    assert_eq!(sequence().await, 0);
    for (patch, wanted) in [
        (json!({"description": "More."}), 0),
        (json!({"capacity": 10}), 0),
        (json!({"startsAt": "2026-10-12T08:00:00Z"}), 1),
        (json!({"venue": {"name": "Elsewhere"}}), 2),
        (json!({"venue": {"name": "Elsewhere"}}), 2),
        (json!({"title": "Other"}), 3),
    ] {
        change(&stage, &author, &event, patch.clone()).await;
        assert_eq!(sequence().await, wanted, "{patch}");
    }
    stage
        .act(&author, &event, "cancel", json!({}))
        .await
        .expect(200);
    let cancelled = read(&calendar(&stage, &ics).await.text);
    assert_eq!(cancelled["method"], "CANCEL");
    let entry = &cancelled["events"][0];
    assert_eq!(
        (&entry["status"], &entry["sequence"], &entry["uid"]),
        (&json!("CANCELLED"), &json!(4), &event["id"])
    );
}

/// B3-09: the public list as a calendar, with the list's filters.
#[tokio::test]
async fn b3_09_the_public_list_as_a_calendar() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let long = "word ".repeat(1000);
    stage
        .published(&author, json!({"title": "One", "description": long}))
        .await;
    stage
        .published(&author, json!({"title": "Two", "tags": ["wine"]}))
        .await;
    stage
        .create(&author, draft(json!({"title": "Hidden"})))
        .await;
    let all = calendar(&stage, "/v1/events.ics").await;
    let titles = |text: &str| -> Vec<Value> {
        let events = read(text)["events"].as_array().unwrap().clone();
        events
            .iter()
            .map(|event| event["summary"].clone())
            .collect()
    };
    assert_eq!(titles(&all.text), ["One", "Two"]);
    assert!(
        all.text.len() < 4000,
        "a description is cut in calendars of many"
    );
    let wine = calendar(&stage, "/v1/events.ics?tag=wine").await;
    assert_eq!(titles(&wine.text), ["Two"]);
    assert_eq!(all.header("cache-control"), "public, max-age=60");
    let again = stage.api.get("/v1/events.ics");
    let again = again.header("if-none-match", all.header("etag"));
    again.send().await.expect(304);
    stage
        .api
        .get("/v1/events.ics?near=x")
        .send()
        .await
        .expect(400);
}

/// B3-09, B3-11: what is public needs no token and may be kept; what somebody
/// in particular sees may not be kept by others.
#[tokio::test]
async fn b3_09_public_answers_are_cacheable_and_personal_ones_are_not() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    for at in [path(&event), "/v1/events".to_owned()] {
        let open = stage.api.get(&at).send().await.expect(200);
        assert_eq!(open.header("cache-control"), "public, max-age=60");
        assert_eq!(open.header("vary"), "Authorization, Origin");
        let mine = stage.api.get(&at).bearer(&author).send().await.expect(200);
        assert_eq!(mine.header("cache-control"), "private, no-cache");
        let again = stage
            .api
            .get(&at)
            .header("if-none-match", open.header("etag"));
        again.send().await.expect(304);
    }
}

/// B3-09: schema.org/Event.
#[tokio::test]
async fn b3_09_an_event_as_linked_data() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage
        .published(
            &author,
            json!({"capacity": 1, "price": {"amountMinor": 1999, "currency": "EUR"}}),
        )
        .await;
    let at = format!("{}?format=jsonld", path(&event));
    let read = async || stage.api.get(&at).send().await.expect(200);
    let reply = read().await;
    assert_eq!(reply.header("content-type"), "application/ld+json");
    let data = reply.body;
    assert_eq!(
        (&data["@context"], &data["@type"]),
        (&json!("https://schema.org"), &json!("Event"))
    );
    assert_eq!(data["startDate"], "2026-10-12T09:00:00+02:00");
    assert_eq!(data["eventStatus"], "https://schema.org/EventScheduled");
    assert_eq!(data["location"]["address"]["addressLocality"], "Berlin");
    assert_eq!(data["offers"]["price"], "19.99");
    assert_eq!(data["offers"]["availability"], "https://schema.org/InStock");
    stage
        .register(&stage.world.user(), &event)
        .await
        .expect(201);
    let data = read().await.body;
    assert_eq!(data["offers"]["availability"], "https://schema.org/SoldOut");
    assert_eq!(data["remainingAttendeeCapacity"], 0);
    stage
        .act(&author, &event, "cancel", json!({}))
        .await
        .expect(200);
    let data = read().await.body;
    assert_eq!(data["eventStatus"], "https://schema.org/EventCancelled");
}

/// B3-04: registered, waiting and saved in one calendar, by its address alone.
#[tokio::test]
async fn b3_04_a_secret_calendar_shows_what_concerns_its_owner() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    let day = |day: u8, title: &str| {
        json!({"title": title, "capacity": 1, "startsAt": format!("2026-10-{day}T07:00:00Z"),
            "endsAt": format!("2026-10-{day}T09:00:00Z"), "tags": [title]})
    };
    let going = stage.published(&author, day(10, "going")).await;
    let waiting = stage.published(&author, day(11, "waiting")).await;
    let kept = stage.published(&author, day(12, "kept")).await;
    let left = stage.published(&author, day(13, "left")).await;
    stage.published(&author, day(14, "other")).await;
    stage
        .register(&stage.world.user(), &waiting)
        .await
        .expect(201);
    for event in [&going, &waiting, &left] {
        stage.register(&user, event).await.expect(201);
    }
    let registrations = format!("{}/registrations", path(&left));
    stage.api.delete(&registrations).bearer(&user).send().await;
    for event in [&going, &kept] {
        let save = format!("{}/save", path(event));
        stage.api.put(&save).bearer(&user).send().await.expect(204);
    }
    let shown = async |at: &str| -> Vec<(Value, Value, Value)> {
        let read = read(&calendar(&stage, at).await.text);
        let events = read["events"].as_array().unwrap().clone();
        let one = |event: &Value| {
            (
                event["summary"].clone(),
                event["status"].clone(),
                event["transp"].clone(),
            )
        };
        events.iter().map(one).collect()
    };
    let row =
        |title: &str, status: &str, transp: &str| (json!(title), json!(status), json!(transp));
    let (_, all) = feed(&stage, &user, json!({"name": "Mine"})).await;
    assert_eq!(
        shown(&all).await,
        [
            row("going", "CONFIRMED", "OPAQUE"),
            row("waiting", "TENTATIVE", "TRANSPARENT"),
            row("kept", "TENTATIVE", "TRANSPARENT"),
        ]
    );
    let (_, saved) = feed(&stage, &user, json!({"include": ["saved"]})).await;
    assert_eq!(shown(&saved).await.len(), 2);
    let (_, tagged) = feed(&stage, &user, json!({"tags": ["kept"]})).await;
    assert_eq!(
        shown(&tagged).await,
        [row("kept", "TENTATIVE", "TRANSPARENT")]
    );
    stage
        .act(&author, &going, "cancel", json!({}))
        .await
        .expect(200);
    assert_eq!(
        shown(&all).await[0],
        row("going", "CANCELLED", "TRANSPARENT")
    );
}

/// B3-04: revoked is dead at once; the secret is nowhere; others cannot touch
/// it; a suspended person's calendar is silent.
#[tokio::test]
async fn b3_04_a_secret_calendar_is_revocable_and_its_secret_is_not_kept() {
    let stage = Stage::new().await;
    let (user, other) = (stage.world.user(), stage.world.user());
    let (id, at) = feed(&stage, &user, json!({})).await;
    let reply = calendar(&stage, &at).await;
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    let secret = at.rsplit('/').next().unwrap().trim_end_matches(".ics");
    let items = stage.world.db.items(stage.world.table()).await;
    assert!(!format!("{items:?}").contains(secret));
    let listed = stage.api.get("/v1/events/feeds").bearer(&user).send().await;
    assert_eq!(listed.body["items"][0]["id"], json!(id));
    assert!(!listed.text.contains(secret));
    let revoke = format!("/v1/events/feeds/{id}");
    stage
        .api
        .delete(&revoke)
        .bearer(&other)
        .send()
        .await
        .expect(404);
    stage.api.delete(&revoke).send().await.expect(401);
    calendar(&stage, &at).await;
    stage
        .api
        .delete(&revoke)
        .bearer(&user)
        .send()
        .await
        .expect(204);
    stage.api.get(&at).send().await.expect(404);
    stage
        .api
        .delete(&revoke)
        .bearer(&user)
        .send()
        .await
        .expect(404);
    for guess in ["x", "x.ics", &"a".repeat(43)] {
        let at = format!("/v1/events/calendars/{guess}");
        stage.api.get(&at).send().await.expect(404);
    }
}

#[tokio::test]
async fn b3_04_a_suspended_persons_calendar_is_silent() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let (_, at) = feed(&stage, &user, json!({})).await;
    let mut commit = shared::commit::Commit::new(stage.world.access(), &shared::testing::cx());
    commit.put(&shared::access::UserAccess {
        user_id: user.id,
        platform_role: shared::principal::PlatformRole::User,
        suspended: true,
        leaving: false,
    });
    commit.execute().await.unwrap();
    stage.api.get(&at).send().await.expect(404);
}

#[tokio::test]
async fn b3_04_calendars_are_checked_and_counted() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let create = |body: Value| {
        stage
            .api
            .post("/v1/events/feeds")
            .bearer(&user)
            .json(body)
            .send()
    };
    for (bad, pointer) in [
        (json!({"name": " "}), "/name"),
        (json!({"include": []}), "/include"),
        (json!({"include": ["friends"]}), "/include/0"),
        (json!({"tags": [""]}), "/tags"),
        (json!({"colour": "red"}), "/colour"),
    ] {
        let problem = create(bad).await.expect(400).problem("invalid-request");
        assert_eq!(problem.body["errors"][0]["pointer"], pointer);
    }
    for _ in 0..20 {
        create(json!({})).await.expect(201);
    }
    create(json!({}))
        .await
        .expect(409)
        .problem("too-many-calendars");
    stage
        .api
        .post("/v1/events/feeds")
        .json(json!({}))
        .send()
        .await
        .expect(401);
}

/// B3-04: three implementations that are not ours understand the same. Those
/// of Python and JavaScript are left out, saying so, where not installed.
#[tokio::test]
async fn b3_04_other_parsers_understand_our_calendars() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let description = format!("{AWKWARD}\nSecond line\r\n\r\n{}", "ä".repeat(120));
    let event = stage
        .published(
            &author,
            json!({"title": AWKWARD, "description": description, "tags": ["a,b", "c;d"],
                "venue": {"name": "Halle 1; Süd", "city": "Berlin", "country": "DE",
                    "coordinates": {"lat": -52.5187, "lng": 13.3655}}}),
        )
        .await;
    let single = calendar(&stage, &format!("{}.ics", path(&event)))
        .await
        .text;
    let list = calendar(&stage, "/v1/events.ics").await.text;
    stage
        .act(&author, &event, "cancel", json!({}))
        .await
        .expect(200);
    let cancel = calendar(&stage, &format!("{}.ics", path(&event)))
        .await
        .text;
    for (name, mut command) in foreign() {
        for (text, method, status, sequence) in [
            (&single, "PUBLISH", "CONFIRMED", 0),
            (&list, "PUBLISH", "CONFIRMED", 0),
            (&cancel, "CANCEL", "CANCELLED", 1),
        ] {
            let understood = ask(&mut command, text);
            let wanted = json!({"method": method, "events": [{
                "uid": event["id"], "sequence": sequence,
                "start": "2026-10-12T07:00:00Z", "end": "2026-10-12T15:00:00Z", "zone": "UTC",
                "summary": AWKWARD, "description": description.replace("\r\n", "\n"),
                "location": "Halle 1; Süd, Berlin, DE", "geo": [-52.5187, 13.3655],
                "status": status, "categories": ["a,b", "c;d"],
            }]});
            assert_eq!(understood, wanted, "{name}");
        }
    }
}
