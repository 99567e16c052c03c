use plenary_events::worker::handle;
use serde_json::{Map, Value, json};
use shared::event::auth::UserRegistered;
use shared::event::users::UserProfileUpdated;
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
    let response = handle(&stage.store, batch(&news)).await;
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
    handle(&stage.store, batch(&[registered()])).await;
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
        let response = handle(&stage.store, batch(std::slice::from_ref(&news))).await;
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
