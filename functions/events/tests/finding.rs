use serde_json::{Value, json};
use shared::principal::Role;

use crate::support::{Stage, draft};

fn titles(body: &Value) -> Vec<String> {
    body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["title"].as_str().unwrap().to_owned())
        .collect()
}

async fn found(stage: &Stage, query: &str) -> Vec<String> {
    titles(
        &stage
            .api
            .get(&format!("/v1/events{query}"))
            .send()
            .await
            .expect(200)
            .body,
    )
}

/// EV-02, EV-11: every filter, also under its other name.
#[tokio::test]
async fn ev_02_11_filters() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let day = |day: u8| {
        json!({"title": format!("Berlin {day}"),
        "startsAt": format!("2026-10-{day:02}T07:00:00Z"), "endsAt": format!("2026-10-{day:02}T15:00:00Z")})
    };
    stage.published(&author, day(10)).await;
    stage.published(&author, day(12)).await;
    stage.published(&author, json!({"title": "Paris", "tags": ["rust", "wine"], "description": "Cheese & Systems",
        "venue": {"name": "Palais", "city": "Paris", "coordinates": {"lat": 48.8566, "lng": 2.3522}},
        "startsAt": "2026-10-11T07:00:00Z", "endsAt": "2026-10-11T15:00:00Z"})).await;
    stage
        .create(&author, draft(json!({"title": "Hidden"})))
        .await;
    assert_eq!(found(&stage, "").await, ["Berlin 10", "Paris", "Berlin 12"]);
    assert_eq!(found(&stage, "?city=PARIS").await, ["Paris"]);
    assert_eq!(
        found(&stage, "?near=52.52,13.40&radiusKm=10").await,
        ["Berlin 10", "Berlin 12"]
    );
    assert_eq!(found(&stage, "?location=48.85,2.35").await, ["Paris"]);
    assert_eq!(found(&stage, "?tag=rust&tag=wine").await, ["Paris"]);
    assert_eq!(found(&stage, "?tags=rust,wine").await, ["Paris"]);
    assert_eq!(found(&stage, "?q=cheese%20systems").await, ["Paris"]);
    assert_eq!(found(&stage, "?search=palais").await, ["Paris"]);
    assert_eq!(found(&stage, "?date=2026-10-12").await, ["Berlin 12"]);
    assert_eq!(
        found(&stage, "?from=2026-10-11T00:00:00Z&to=2026-10-12T00:00:00Z").await,
        ["Paris"]
    );
    for bad in [
        "?near=x",
        "?near=91,0",
        "?near=1,1&radiusKm=0",
        "?from=yesterday",
        "?limit=0",
        "?cursor=x",
        "?status=new",
    ] {
        stage
            .api
            .get(&format!("/v1/events{bad}"))
            .send()
            .await
            .expect(400)
            .problem("invalid-request");
    }
}

/// EV-13: a search is the list with words that must be there: the same filters,
/// the same pages, the same rights.
#[tokio::test]
async fn ev_13_searches_are_lists_with_words() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    for (title, tag) in [
        ("Rust today", "rust"),
        ("Rust and wine", "wine"),
        ("Wine", "wine"),
    ] {
        let body = json!({"title": title, "tags": [tag], "description": "An evening."});
        stage.published(&author, body).await;
    }
    let hidden = draft(json!({"title": "Rust hidden"}));
    stage.create(&author, hidden).await;
    let search = |query: &str| stage.api.get(&format!("/v1/search/events{query}"));
    for (query, wanted) in [
        ("?q=rust", vec!["Rust today", "Rust and wine"]),
        ("?search=RUST%20wine", vec!["Rust and wine"]),
        ("?q=rust&tag=wine", vec!["Rust and wine"]),
        ("?q=rust&city=paris", vec![]),
        ("?q=beer", vec![]),
    ] {
        let body = search(query).send().await.expect(200).body;
        assert_eq!(titles(&body), wanted, "{query}");
    }
    let drafts = "?q=rust&status=draft";
    search(drafts).send().await.expect(403);
    let mine = search(drafts).bearer(&author).send().await.expect(200);
    assert_eq!(titles(&mine.body), ["Rust hidden"]);
    let other = stage.world.user();
    let none = search(drafts).bearer(&other).send().await.expect(200);
    assert!(titles(&none.body).is_empty());
}

/// EV-13: pages go on at the search alone, and nothing is no search.
#[tokio::test]
async fn ev_13_searches_want_words_and_have_pages_of_their_own() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    for day in 12..15 {
        let at = |hour: u8| format!("2026-10-{day}T{hour:02}:00:00Z");
        let body = json!({"title": format!("Rust {day}"), "startsAt": at(7), "endsAt": at(8)});
        stage.published(&author, body).await;
    }
    let search = |query: &str| stage.api.get(&format!("/v1/search/events{query}"));
    let first = search("?q=rust&limit=2").send().await.expect(200);
    assert_eq!(titles(&first.body), ["Rust 12", "Rust 13"]);
    assert!(!first.header("etag").is_empty());
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let rest = search(&format!("?q=rust&cursor={cursor}")).send().await;
    assert_eq!(titles(&rest.expect(200).body), ["Rust 14"]);
    let elsewhere = format!("/v1/events?q=rust&cursor={cursor}");
    stage.api.get(&elsewhere).send().await.expect(400);
    for bad in ["", "?q=", "?q=%20%09", "?search="] {
        let reply = search(bad).send().await.expect(400);
        let error = &reply.problem("invalid-request").body["errors"][0];
        let error = (&error["pointer"], &error["code"]);
        assert_eq!(error, (&json!("?q"), &json!("missing")), "{bad}");
    }
    search("?limit=2").bearer(&author).send().await.expect(400);
}

/// EV-02, C7: a cursor survives writes and serves its own list only.
#[tokio::test]
async fn ev_02_pages_neither_skip_nor_repeat_under_writes() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let at = |hour: u8| {
        json!({"title": format!("{hour:02}"),
        "startsAt": format!("2026-10-12T{hour:02}:00:00Z"), "endsAt": "2026-10-13T00:00:00Z"})
    };
    for hour in [1, 3, 5, 7] {
        stage.published(&author, at(hour)).await;
    }
    let first = stage
        .api
        .get("/v1/events?limit=2")
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(titles(&first), ["01", "03"]);
    stage.published(&author, at(2)).await;
    stage.published(&author, at(4)).await;
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(
        found(&stage, &format!("?limit=9&cursor={cursor}")).await,
        ["04", "05", "07"]
    );
    stage
        .api
        .get(&format!("/v1/events?city=Berlin&cursor={cursor}"))
        .send()
        .await
        .expect(400);
    stage
        .api
        .get(&format!("/v1/events?cursor={cursor}"))
        .bearer(&author)
        .send()
        .await
        .expect(400);
}

/// EV-26, EV-27: inside sees everything, outside what is published.
#[tokio::test]
async fn ev_26_27_lists_of_an_organization() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let member = stage.member(org, Role::Member).await;
    let outsider = stage.world.user();
    let event = stage
        .create(
            &author,
            draft(json!({"organizationId": org, "title": "Open"})),
        )
        .await;
    stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(200);
    stage
        .create(
            &author,
            draft(json!({"organizationId": org, "title": "Secret"})),
        )
        .await;
    let list = |user, query: &str| {
        stage
            .api
            .get(&format!("/v1/events?organizationId={org}{query}"))
            .bearer(user)
    };
    assert_eq!(
        titles(&list(&member, "").send().await.expect(200).body).len(),
        2
    );
    assert_eq!(
        titles(&list(&member, "&status=draft").send().await.expect(200).body),
        ["Secret"]
    );
    assert_eq!(
        titles(&list(&outsider, "").send().await.expect(200).body),
        ["Open"]
    );
    assert!(
        titles(
            &list(&outsider, "&status=draft")
                .send()
                .await
                .expect(200)
                .body
        )
        .is_empty()
    );
    let mine = stage
        .api
        .get("/v1/events?status=draft")
        .bearer(&outsider)
        .send()
        .await
        .expect(200);
    assert!(titles(&mine.body).is_empty());
    stage
        .api
        .get("/v1/events?status=draft")
        .send()
        .await
        .expect(403);
}

/// What is over is not listed unless asked for.
#[tokio::test]
async fn ev_11_past_events_are_left_out() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    stage.published(&author, json!({"title": "Soon"})).await;
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_hours(24 * 60));
    let reply = stage.api.get("/v1/events").send().await.expect(200);
    assert!(titles(&reply.body).is_empty());
    assert_eq!(found(&stage, "?from=2026-01-01T00:00:00Z").await, ["Soon"]);
}

/// EV-11: what begins long before and still goes on is found, in order.
#[tokio::test]
async fn ev_11_long_events_stand_among_the_others() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    for (title, from, to) in [
        ("Season", "2026-05-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("Day", "2026-10-12T07:00:00Z", "2026-10-12T15:00:00Z"),
        ("Autumn", "2026-10-14T00:00:00Z", "2026-11-20T00:00:00Z"),
        ("Late", "2026-10-20T07:00:00Z", "2026-10-20T15:00:00Z"),
    ] {
        let body = json!({"title": title, "startsAt": from, "endsAt": to});
        stage.published(&author, body).await;
    }
    let all = ["Season", "Day", "Autumn", "Late"];
    assert_eq!(found(&stage, "").await, all);
    assert_eq!(found(&stage, "?tag=rust").await, all);
    assert_eq!(found(&stage, "?city=berlin").await, all);
    let later = "?from=2026-10-15T00:00:00Z";
    assert_eq!(found(&stage, later).await, ["Season", "Autumn", "Late"]);
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let at = format!("/v1/events?limit=1{cursor}");
        let body = stage.api.get(&at).send().await.expect(200).body;
        paged.extend(titles(&body));
        let Some(next) = body["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
}

/// EV-11: what changes is found where it is now, and nowhere else; what is
/// cancelled is found no more.
#[tokio::test]
async fn ev_11_what_changes_is_found_anew() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let patch = json!({"tags": ["wine"], "startsAt": "2026-10-12T08:00:00Z",
        "venue": {"name": "Palais", "city": "Paris", "coordinates": {"lat": 48.8566, "lng": 2.3522}}});
    let request = stage
        .api
        .patch(&crate::support::path(&event))
        .bearer(&author);
    request
        .header("if-match", "*")
        .json(patch)
        .send()
        .await
        .expect(200);
    for gone in [
        "?tag=rust",
        "?city=berlin",
        "?near=52.52,13.37",
        "?near=52.52,13.37&radiusKm=400",
    ] {
        assert!(found(&stage, gone).await.is_empty(), "{gone}");
    }
    let here = [
        "",
        "?tag=wine",
        "?city=paris",
        "?near=48.85,2.35",
        "?near=48.85,2.35&radiusKm=400",
        "?near=48.85,2.35&radiusKm=5000",
    ];
    for query in here {
        assert_eq!(found(&stage, query).await.len(), 1, "{query}");
    }
    stage
        .act(&author, &event, "cancel", json!({}))
        .await
        .expect(200);
    for query in here {
        assert!(found(&stage, query).await.is_empty(), "{query}");
    }
    let items = stage.world.db.items(stage.world.table()).await;
    let cards = items
        .iter()
        .filter(|item| format!("{item:?}").contains("\"card\""));
    assert_eq!(cards.count(), 0, "no card is left behind");
}

/// EV-14, B3-11: an unchanged list is a 304.
#[tokio::test]
async fn ev_14_lists_are_conditional() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    stage.published(&author, json!({})).await;
    let list = |tag: &str| {
        stage
            .api
            .get("/v1/events?city=berlin")
            .header("if-none-match", tag)
    };
    let first = list("\"x\"").send().await.expect(200);
    list(first.header("etag")).send().await.expect(304);
    stage.published(&author, json!({})).await;
    list(first.header("etag")).send().await.expect(200);
}

/// EV-11, EV-14: a page costs the same with twenty events and with two hundred:
/// one query of small cards per shelf, and the wanted events by key.
#[tokio::test]
async fn ev_14_a_page_costs_the_same_however_many_events_there_are() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let faults = shared::testing::Faults::before(&stage.world.db);
    let store = plenary_events::store::Store::new(faults.bare_table(stage.world.table()));
    let mut costs = Vec::new();
    for (many, hour) in [(20, 1), (180, 2)] {
        for minute in 0..many {
            let at = format!(
                "2026-10-{:02}T{hour:02}:{:02}:00Z",
                1 + minute / 60,
                minute % 60
            );
            let body = json!({"startsAt": at, "endsAt": "2026-10-20T00:00:00Z"});
            stage.published(&author, body).await;
        }
        let filter = plenary_events::model::Filter {
            from: Some(stage.world.clock.now()),
            ..Default::default()
        };
        faults.calls();
        let page = store.search(&filter, |_| true, 10, None).await.unwrap();
        assert_eq!((page.items.len(), page.next.is_some()), (10, true));
        let calls = faults.calls();
        let keys: usize = calls
            .iter()
            .filter_map(|call| call.body["RequestItems"].as_object())
            .flat_map(|tables| tables.values())
            .map(|wanted| wanted["Keys"].as_array().unwrap().len())
            .sum();
        costs.push((calls.len(), keys));
    }
    assert_eq!(costs, [(3, 10), (3, 10)]);
}
