use plenary_events::worker::handle;
use serde_json::{Map, Value, json};
use shared::event::auth::UserRegistered;
use shared::event::users::{ConnectionAccepted, ConnectionRemoved, UserProfileUpdated};
use shared::id::ConnectionId;
use shared::testing::{TestUser, event};

use crate::support::{Stage, draft, path};
use crate::worker::batch;

/// What is recommended: titles with the codes of their reasons.
async fn recommended(stage: &Stage, user: &TestUser) -> Vec<(Value, Vec<Value>)> {
    let request = stage.api.get("/v1/events/recommended").bearer(user);
    let body = request.send().await.expect(200).body;
    let items = body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let reasons = item["reasons"].as_array().unwrap();
            assert!(!reasons.is_empty());
            let codes = reasons
                .iter()
                .map(|reason| reason["code"].clone())
                .collect();
            (item["event"]["title"].clone(), codes)
        })
        .collect()
}

fn titled(title: &str, tags: &[&str], city: &str) -> Value {
    json!({"title": title, "tags": tags, "venue": {"name": "V", "city": city}})
}

/// EV-15: by what was registered for and saved, with the reasons; nothing that
/// is known already, one's own, full or hidden.
#[tokio::test]
async fn ev_15_recommendations_have_reasons() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    let going = stage
        .published(&author, titled("Going", &["rust"], "Berlin"))
        .await;
    let kept = stage
        .published(&author, titled("Kept", &["wasm"], "Paris"))
        .await;
    stage
        .published(&author, titled("Rust", &["rust"], "Rome"))
        .await;
    stage
        .published(&author, titled("Wasm", &["wasm"], "Rome"))
        .await;
    stage
        .published(&author, titled("Near", &["cooking"], "berlin"))
        .await;
    stage
        .published(&author, titled("Other", &["cooking"], "Rome"))
        .await;
    stage
        .published(&user, titled("Own", &["rust"], "Berlin"))
        .await;
    stage
        .create(&author, draft(titled("Hidden", &["rust"], "Berlin")))
        .await;
    let mut full = titled("Full", &["rust"], "Berlin");
    full["capacity"] = json!(1);
    full["waitlist"] = json!(false);
    let full = stage.published(&author, full).await;
    stage.register(&stage.world.user(), &full).await.expect(201);
    stage.register(&user, &going).await.expect(201);
    let save = format!("{}/save", path(&kept));
    stage.api.put(&save).bearer(&user).send().await.expect(204);
    assert_eq!(
        recommended(&stage, &user).await,
        [
            (json!("Rust"), vec![json!("registered-tag")]),
            (json!("Wasm"), vec![json!("saved-tag")]),
            (json!("Near"), vec![json!("city")]),
        ]
    );
    let request = stage
        .api
        .get("/v1/events/recommended?limit=1")
        .bearer(&user);
    let body = request.send().await.expect(200).body;
    assert_eq!(body["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        body["items"][0]["reasons"],
        json!([{"code": "registered-tag", "tag": "rust"}])
    );
    for bad in ["?limit=0", "?limit=51", "?limit=x"] {
        let at = format!("/v1/events/recommended{bad}");
        stage.api.get(&at).bearer(&user).send().await.expect(400);
    }
    stage
        .api
        .get("/v1/events/recommended")
        .send()
        .await
        .expect(401);
}

/// EV-15: interests count as soon as they are told, and the newest hold.
#[tokio::test]
async fn ev_15_interests_of_the_profile_count() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    stage
        .published(&author, titled("Cooking", &["cooking"], "Rome"))
        .await;
    stage
        .published(&author, titled("Wine", &["wine"], "Rome"))
        .await;
    let blank: Vec<Value> = recommended(&stage, &user)
        .await
        .into_iter()
        .map(|one| one.0)
        .collect();
    assert_eq!(
        blank.len(),
        2,
        "of whom nothing is known gets what is ahead"
    );
    let told = |interests: Value, sequence| {
        let changes = Map::from_iter([("interests".to_owned(), interests)]);
        let user_id = user.id;
        event(&UserProfileUpdated { user_id, changes }, sequence)
    };
    let news = [
        told(json!(["Wine "]), 7),
        told(json!(["cooking"]), 6),
        told(json!(["Wine"]), 7),
    ];
    let response = handle(&stage.store, &stage.exports, batch(&news)).await;
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(
        recommended(&stage, &user).await,
        [(json!("Wine"), vec![json!("interest")])]
    );
}

/// EV-16: a newcomer gets a first selection, once; none where nothing is ahead.
#[tokio::test]
async fn ev_16_a_newcomer_gets_a_first_selection_once() {
    let stage = Stage::new().await;
    let (author, user) = (stage.world.user(), stage.world.user());
    let registered = || {
        let payload = UserRegistered {
            user_id: user.id,
            name: None,
            username: None,
        };
        event(&payload, 1)
    };
    handle(&stage.store, &stage.exports, batch(&[registered()])).await;
    assert!(
        !stage
            .kinds()
            .await
            .contains(&"event.recommendations.welcome".to_owned())
    );
    for title in ["A", "B", "C", "D", "E", "F"] {
        stage
            .published(&author, titled(title, &["x"], "Rome"))
            .await;
    }
    let news = registered();
    for _ in 0..2 {
        let response = handle(
            &stage.store,
            &stage.exports,
            batch(std::slice::from_ref(&news)),
        )
        .await;
        assert!(response.batch_item_failures.is_empty());
    }
    let told = stage.world.outbox(stage.world.table()).await;
    let welcome: Vec<_> = told
        .iter()
        .filter(|told| told.kind == "event.recommendations.welcome")
        .collect();
    assert_eq!(welcome.len(), 1);
    assert_eq!(welcome[0].data["userId"], json!(user.id));
    assert_eq!(welcome[0].data["events"].as_array().unwrap().len(), 5);
}

async fn connections(stage: &Stage, users: [&TestUser; 2], connected: bool, sequence: u64) {
    let (connection_id, users) = (ConnectionId::new(), users.map(|user| user.id));
    let news = if connected {
        event(
            &ConnectionAccepted {
                connection_id,
                users,
            },
            sequence,
        )
    } else {
        event(
            &ConnectionRemoved {
                connection_id,
                users,
            },
            sequence,
        )
    };
    let failed = handle(&stage.store, &stage.exports, batch(&[news])).await;
    assert!(failed.batch_item_failures.is_empty());
}

/// EV-15: where connections go who let their connections know; never those who
/// do not, who only wait, or who are connected no more. News comes late, twice
/// and in any order.
#[tokio::test]
async fn ev_15_connections_who_go_are_a_reason() {
    let stage = Stage::new().await;
    let (author, me) = (stage.world.user(), stage.world.user());
    let [ada, bob, shy] = [(); 3].map(|()| stage.world.user());
    let met = stage
        .published(&author, titled("Met", &["cooking"], "Rome"))
        .await;
    stage
        .published(&author, titled("Other", &["cooking"], "Rome"))
        .await;
    for (user, visible) in [(&ada, true), (&bob, true), (&shy, false)] {
        let wish = json!({"visibleToConnections": visible});
        stage.wish(user, &met, wish).await.expect(201);
        connections(&stage, [user, &me], true, 2).await;
        connections(&stage, [user, &me], true, 2).await;
    }
    let reasons = async || {
        let request = stage.api.get("/v1/events/recommended").bearer(&me);
        let body = request.send().await.expect(200).body;
        body["items"].clone()
    };
    let found = reasons().await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        found[0]["reasons"],
        json!([{"code": "connections", "count": 2}])
    );
    // An end that overtook its beginning, and one who changed their mind.
    connections(&stage, [&me, &ada], false, 4).await;
    connections(&stage, [&ada, &me], true, 3).await;
    let found = reasons().await;
    assert_eq!(found[0]["reasons"][0]["count"], 1);
    let mine = format!("{}/registrations/me", path(&met));
    let hide = stage.api.patch(&mine).bearer(&bob);
    hide.json(json!({"visibleToConnections": false}))
        .send()
        .await
        .expect(200);
    // Nothing is known of me any more: what is ahead is all there is.
    let found = reasons().await;
    assert_eq!(found[0]["reasons"], json!([{"code": "upcoming"}]));
    // Of others' connections nobody hears.
    let stranger = stage.world.user();
    let codes = recommended(&stage, &stranger).await;
    assert!(codes.iter().all(|(_, codes)| codes == &[json!("upcoming")]));
}

/// EV-15: recommended is what one can have a place at now: on sale, with a
/// place left for which nobody waits.
#[tokio::test]
async fn ev_15_nothing_is_recommended_that_cannot_be_had_now() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let sale = |from: &str, until: &str| json!([{"id": "t", "name": "T", "salesFrom": from, "salesUntil": until}]);
    for (title, types) in [
        ("Over", sale("2026-08-01T00:00:00Z", "2026-08-31T00:00:00Z")),
        (
            "To come",
            sale("2026-09-10T00:00:00Z", "2026-09-20T00:00:00Z"),
        ),
        (
            "On sale",
            sale("2026-08-01T00:00:00Z", "2026-09-20T00:00:00Z"),
        ),
    ] {
        let event = stage.published(&author, titled(title, &[], "Rome")).await;
        stage
            .admit(&author, &event, json!({"ticketTypes": types}))
            .await
            .expect(200);
    }
    let mut full = titled("Full", &[], "Rome");
    full["capacity"] = json!(1);
    let full = stage.published(&author, full).await;
    stage.register(&stage.world.user(), &full).await.expect(201);
    let titles = async || {
        let found = recommended(&stage, &stage.world.user()).await;
        found
            .into_iter()
            .map(|(title, _)| title)
            .collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["On sale"]);
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_hours(24 * 12));
    let mut found = titles().await;
    found.sort_by_key(ToString::to_string);
    assert_eq!(found, ["On sale", "To come"]);
}
