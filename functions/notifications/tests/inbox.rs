//! NO-01 to NO-04: the inbox.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::id::{EventId, NotificationId, UserId};

use crate::stage::{Stage, registration, text};

#[tokio::test]
async fn no_01_pages_and_filters() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    stage.fill(&ada, 5).await;
    stage.world.clock.advance(SignedDuration::from_secs(1));
    stage
        .tell(
            &registration(UserId::new(), ada.id, EventId::new()),
            1,
            None,
        )
        .await;
    stage.fill(&bob, 1).await;
    let inbox = stage.inbox(&ada).await;
    assert_eq!(inbox.len(), 6);
    let times: Vec<String> = inbox
        .iter()
        .map(|entry| text(&entry["createdAt"]))
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");

    let mut seen = Vec::new();
    let mut path = "/v1/notifications?limit=2&type=registration.confirmed".to_owned();
    loop {
        let page = stage.get(&ada, &path).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|entry| text(&entry["id"])));
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/v1/notifications?limit=2&type=registration.confirmed&cursor={cursor}");
        // A cursor serves its own list alone.
        let other = format!("/v1/notifications?limit=2&cursor={cursor}");
        stage
            .api
            .get(&other)
            .bearer(&ada)
            .send()
            .await
            .expect(400)
            .problem("invalid-request");
        stage.api.get(&path).bearer(&bob).send().await.expect(400);
    }
    let all: Vec<String> = inbox[1..].iter().map(|entry| text(&entry["id"])).collect();
    assert_eq!(seen, all);

    stage
        .put(&ada, &format!("/v1/notifications/{}/read", all[1]))
        .await
        .expect(200);
    let unread = stage.get(&ada, "/v1/notifications?unread=true").await;
    assert_eq!(unread["items"].as_array().unwrap().len(), 5);
    let read = stage.get(&ada, "/v1/notifications?unread=false").await;
    assert_eq!(read["items"][0]["id"], Value::from(all[1].as_str()));
    assert_eq!(read["items"].as_array().unwrap().len(), 1);
    for bad in ["type=nothing", "unread=maybe", "limit=0", "cursor=x"] {
        let path = format!("/v1/notifications?{bad}");
        stage
            .api
            .get(&path)
            .bearer(&ada)
            .send()
            .await
            .expect(400)
            .problem("invalid-request");
    }
}

/// NO-01, C15: the user comes from the token; the old path is an alias of
/// one's own inbox and of nobody else's.
#[tokio::test]
async fn no_01_the_alias_serves_its_owner_only() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    stage.fill(&ada, 2).await;
    let path = format!("/v1/notifications/{}?limit=1", ada.id);
    let reply = stage.api.get(&path).bearer(&ada).send().await.expect(200);
    assert_eq!(reply.body["items"].as_array().unwrap().len(), 1);
    assert!(reply.header("deprecation").starts_with('@'));
    assert!(
        reply
            .header("link")
            .contains("</v1/notifications>; rel=\"successor-version\"")
    );
    stage
        .api
        .get(&path)
        .bearer(&bob)
        .send()
        .await
        .expect(404)
        .problem("not-found");
    let id = text(&stage.inbox(&ada).await[0]["id"]);
    let one = stage.get(&ada, &format!("/v1/notifications/{id}")).await;
    assert_eq!((text(&one["id"]), one["read"].as_bool()), (id, Some(false)));
}

#[tokio::test]
async fn no_02_read_unread_and_removed() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    stage.fill(&ada, 2).await;
    let id = text(&stage.inbox(&ada).await[0]["id"]);
    let path = format!("/v1/notifications/{id}");
    for (what, read, unread) in [
        ("read", true, 1),
        ("read", true, 1),
        ("unread", false, 2),
        ("unread", false, 2),
    ] {
        let reply = stage.put(&ada, &format!("{path}/{what}")).await.expect(200);
        assert_eq!(reply.body["read"], read);
        assert_eq!(reply.body.get("readAt").is_some(), read);
        assert_eq!(stage.unread(&ada).await, unread);
    }
    // Somebody else's notification does not exist.
    for path in [format!("{path}/read"), format!("{path}/unread")] {
        stage
            .put(&bob, &path)
            .await
            .expect(404)
            .problem("not-found");
    }
    stage
        .api
        .get(&path)
        .bearer(&bob)
        .send()
        .await
        .expect(404)
        .problem("not-found");
    stage
        .api
        .delete(&path)
        .bearer(&bob)
        .send()
        .await
        .expect(404)
        .problem("not-found");
    assert_eq!(stage.unread(&ada).await, 2);
    stage
        .api
        .delete(&path)
        .bearer(&ada)
        .send()
        .await
        .expect(204);
    stage
        .api
        .delete(&path)
        .bearer(&ada)
        .send()
        .await
        .expect(404);
    stage
        .put(
            &ada,
            &format!("/v1/notifications/{}/read", NotificationId::new()),
        )
        .await
        .expect(404);
    stage
        .put(&ada, "/v1/notifications/nonsense/read")
        .await
        .expect(404)
        .problem("not-found");
    assert_eq!(
        (stage.unread(&ada).await, stage.inbox(&ada).await.len()),
        (1, 1)
    );
}

/// NO-02: the same hand twice at the same moment counts once.
#[tokio::test]
async fn no_02_racing_reads_count_once() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage.fill(&ada, 4).await;
    let inbox = stage.inbox(&ada).await;
    let paths: Vec<String> = inbox[..3]
        .iter()
        .flat_map(|entry| [text(&entry["id"]), text(&entry["id"])])
        .map(|id| format!("/v1/notifications/{id}/read"))
        .collect();
    let arrival = stage.event(&registration(ada.id, ada.id, EventId::new()), 1, None);
    let reads = futures::future::join_all(paths.iter().map(|path| stage.put(&ada, path)));
    let (replies, arrived) = futures::join!(reads, stage.handles(&arrival));
    assert!(arrived);
    for reply in replies {
        reply.expect(200);
    }
    assert_eq!(stage.unread(&ada).await, 2);
}

#[tokio::test]
async fn no_03_mark_all_read() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage.fill(&ada, 3).await;
    let all = "/v1/notifications/mark-all-read";
    let shown = text(&stage.inbox(&ada).await[0]["createdAt"]);
    // One comes while she looks at the others.
    stage.fill(&ada, 1).await;
    let body = json!({"before": shown});
    let first = stage
        .api
        .post(all)
        .bearer(&ada)
        .key("k")
        .json(body.clone())
        .send()
        .await
        .expect(200);
    assert_eq!(first.body["unread"], 1);
    let read: Vec<bool> = stage
        .inbox(&ada)
        .await
        .iter()
        .map(|e| e["read"].as_bool().unwrap())
        .collect();
    assert_eq!(read, [false, true, true, true]);

    // One of the old ones is kept, and an older sweep leaves it so.
    let old = text(&stage.inbox(&ada).await[1]["id"]);
    stage
        .put(&ada, &format!("/v1/notifications/{old}/unread"))
        .await
        .expect(200);
    assert_eq!(stage.unread(&ada).await, 2);
    let early = json!({"before": "2026-09-01T10:00:00Z"});
    let reply = stage
        .api
        .post(all)
        .bearer(&ada)
        .json(early)
        .send()
        .await
        .expect(200);
    assert_eq!(reply.body["unread"], 2);

    // The same key: the same reply, and nothing happens.
    let again = stage
        .api
        .post(all)
        .bearer(&ada)
        .key("k")
        .json(body)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (again.header("idempotency-replayed"), &again.body),
        ("true", &first.body)
    );
    assert_eq!(stage.unread(&ada).await, 2);

    // What has not come yet cannot be read: the future is now.
    let far = json!({"before": "2036-01-01T00:00:00Z"});
    let reply = stage
        .api
        .post(all)
        .bearer(&ada)
        .json(far)
        .send()
        .await
        .expect(200);
    assert_eq!(reply.body["unread"], 0);
    stage.fill(&ada, 1).await;
    assert_eq!(stage.unread(&ada).await, 1);
    let empty = stage
        .api
        .post(all)
        .bearer(&ada)
        .json(json!({}))
        .send()
        .await
        .expect(200);
    assert_eq!(empty.body["unread"], 0);
    assert_eq!(
        stage.get(&ada, "/v1/notifications?unread=true").await["items"],
        json!([])
    );
    stage
        .api
        .post(all)
        .bearer(&ada)
        .json(json!({"befor": 1}))
        .send()
        .await
        .expect(400);
}

/// NO-03: what arrives in the very millisecond of the watermark is still new.
#[tokio::test]
async fn no_03_the_watermark_swallows_nothing() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let all = "/v1/notifications/mark-all-read";
    stage
        .api
        .post(all)
        .bearer(&ada)
        .json(json!({}))
        .send()
        .await
        .expect(200);
    stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    assert_eq!(stage.unread(&ada).await, 1);
    assert_eq!(stage.inbox(&ada).await[0]["read"], false);
}

/// NO-04: whatever happens at the same time, the count is that of the list.
#[tokio::test]
async fn no_04_the_count_agrees_with_the_list() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage.fill(&ada, 6).await;
    let reply = stage
        .api
        .get("/v1/notifications/unread-count")
        .bearer(&ada)
        .send()
        .await
        .expect(200);
    let etag = reply.header("etag").to_owned();
    let same = stage
        .api
        .get("/v1/notifications/unread-count")
        .bearer(&ada)
        .header("if-none-match", &etag);
    same.send().await.expect(304);
    let inbox = stage.inbox(&ada).await;
    let path =
        |at: usize, what: &str| format!("/v1/notifications/{}{what}", text(&inbox[at]["id"]));
    let before = json!({"before": inbox[4]["createdAt"]});
    stage.world.clock.advance(SignedDuration::from_secs(1));
    let arrival = stage.event(&registration(ada.id, ada.id, EventId::new()), 1, None);
    let (first, second, fifth) = (path(0, "/read"), path(1, ""), path(5, "/read"));
    futures::join!(
        stage.put(&ada, &first),
        stage.api.delete(&second).bearer(&ada).send(),
        stage
            .api
            .post("/v1/notifications/mark-all-read")
            .bearer(&ada)
            .json(before)
            .send(),
        stage.put(&ada, &fifth),
        stage.handles(&arrival),
    );
    // Of seven: one read, one removed, two under the watermark.
    assert_eq!(stage.unread(&ada).await, 3);
    let unread = stage
        .inbox(&ada)
        .await
        .iter()
        .filter(|entry| entry["read"] == false)
        .count();
    assert_eq!(unread, 3);
}
