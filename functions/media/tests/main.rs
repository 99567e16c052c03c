//! The group against an embedded DynamoDB and a bucket in memory; S3 itself is
//! exercised end to end on the stack.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Cursor;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use image::ImageFormat;
use plenary_media::App;
use plenary_media::processor::Processor;
use plenary_media::store::Store;
use serde_json::{Value, json};
use shared::aws::Aws;
use shared::event::Event;
use shared::testing::{Shelf, TestApi, TestUser, World};

struct Stage {
    world: World,
    api: TestApi,
    shelf: Shelf,
    processor: Processor<Shelf>,
}

impl Stage {
    async fn new() -> Self {
        let world = World::of("media").await;
        let app = App::new(&world.core, &Aws::detached(), "pictures");
        let router = plenary_media::api(world.core.clone()).build(app);
        let shelf = Shelf::default();
        let processor = Processor::new(Store::new(world.table().clone()), shelf.clone());
        Self {
            api: world.api(router),
            world,
            shelf,
            processor,
        }
    }

    async fn announce(&self, user: &TestUser, body: Value) -> Value {
        self.api
            .post("/v1/media/uploads")
            .bearer(user)
            .json(body)
            .send()
            .await
            .expect(201)
            .body
    }

    /// The bytes arrive, and S3 says so; how many messages failed.
    async fn arrive(&self, permit: &Value, bytes: &[u8]) -> usize {
        let key = permit["upload"]["fields"]["key"].as_str().unwrap();
        self.shelf.put(key, bytes);
        self.notify(key).await
    }

    async fn notify(&self, key: &str) -> usize {
        self.deliver(
            &json!({"Records": [{"s3": {"object": {"key": key, "size": 1, "eTag": "e"}}}]})
                .to_string(),
        )
        .await
    }

    async fn deliver(&self, body: &str) -> usize {
        let mut message = SqsMessage::default();
        message.message_id = Some("1".into());
        message.body = Some(body.to_owned());
        let mut batch = SqsEvent::default();
        batch.records.push(message);
        self.processor.handle(batch).await.batch_item_failures.len()
    }

    async fn read(&self, user: &TestUser, permit: &Value) -> shared::testing::TestReply {
        self.api.get(&path(permit)).bearer(user).send().await
    }

    async fn told(&self) -> Vec<Event> {
        self.world.outbox(self.world.table()).await
    }
}

fn path(permit: &Value) -> String {
    format!("/v1/media/{}", permit["mediaId"].as_str().unwrap())
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::RgbImage::new(width, height)
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .unwrap();
    bytes
}

fn announcement() -> Value {
    json!({"contentType": "image/png", "bytes": 100, "fileName": "a.png", "alt": "A picture"})
}

/// ME-01, ME-03, ME-06, ME-09, ME-11: from permit to variants.
#[tokio::test]
async fn me_01_03_06_09_11_from_permit_to_variants() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let permit = stage.announce(&user, announcement()).await;
    assert_eq!(permit["upload"]["fields"]["Content-Type"], "image/png");
    assert_eq!(
        stage.read(&user, &permit).await.expect(200).body["status"],
        "uploading"
    );
    let content = format!("{}/content", path(&permit));
    stage
        .api
        .get(&content)
        .bearer(&user)
        .send()
        .await
        .expect(409)
        .problem("media-not-ready");
    assert_eq!(stage.arrive(&permit, &png(600, 300)).await, 0);
    let medium = stage.read(&user, &permit).await.expect(200).body;
    assert_eq!(medium["status"], "ready");
    assert_eq!(
        (&medium["width"], &medium["height"], &medium["alt"]),
        (&json!(600), &json!(300), &json!("A picture"))
    );
    assert_eq!(medium["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(medium["variants"].as_array().unwrap().len(), 5);
    let found = stage
        .api
        .get(&format!("{content}?variant=thumb"))
        .bearer(&user)
        .send()
        .await
        .expect(302);
    assert!(
        found.header("location").contains("/thumb."),
        "{}",
        found.header("location")
    );
    stage
        .api
        .get(&format!("{content}?variant=huge"))
        .bearer(&user)
        .send()
        .await
        .expect(400);
    assert_eq!(stage.shelf.names().len(), 6, "the upload itself is gone");
    let kinds: Vec<String> = stage
        .told()
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["media.uploaded", "media.processed"]);
}

/// S3 tells things twice, late, and of objects that nobody announced.
#[tokio::test]
async fn me_06_duplicates_and_strangers_change_nothing() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let permit = stage.announce(&user, announcement()).await;
    stage.arrive(&permit, &png(50, 50)).await;
    let before = stage.read(&user, &permit).await.body;
    assert_eq!(
        stage
            .arrive(&permit, b"another upload by the same form")
            .await,
        0
    );
    assert_eq!(stage.read(&user, &permit).await.body, before);
    assert_eq!(stage.told().await.len(), 2);
    for key in [
        "uploads/media_01h2xcejqtf2nbrexx3vqjhp41",
        "uploads/x",
        "other",
    ] {
        assert_eq!(stage.notify(key).await, 0);
    }
    assert_eq!(stage.deliver(r#"{"Event":"s3:TestEvent"}"#).await, 0);
    assert_eq!(stage.deliver("poison").await, 1);
}

/// B10-04: what is no picture is rejected for good, and its bytes go.
#[tokio::test]
async fn me_06_no_picture_is_rejected() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let permit = stage.announce(&user, announcement()).await;
    assert_eq!(stage.arrive(&permit, b"#!/bin/sh").await, 0);
    let medium = stage.read(&user, &permit).await.body;
    assert_eq!(
        (&medium["status"], &medium["rejection"]),
        (&json!("rejected"), &json!("not-an-image"))
    );
    assert!(stage.shelf.names().is_empty());
    assert_eq!(
        stage.told().await.last().unwrap().data["reason"],
        "not-an-image"
    );
}

/// ME-04: gone at once; the objects when the event comes round, even twice.
#[tokio::test]
async fn me_04_delete() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let permit = stage.announce(&user, announcement()).await;
    stage.arrive(&permit, &png(50, 50)).await;
    stage
        .api
        .delete(&path(&permit))
        .bearer(&stage.world.user())
        .send()
        .await
        .expect(404);
    stage
        .api
        .delete(&path(&permit))
        .bearer(&user)
        .send()
        .await
        .expect(204);
    stage.read(&user, &permit).await.expect(404);
    let deleted = stage.told().await.pop().unwrap();
    assert_eq!(deleted.kind, "media.deleted");
    for _ in 0..2 {
        assert_eq!(
            stage
                .deliver(&serde_json::to_string(&deleted).unwrap())
                .await,
            0
        );
    }
    assert!(stage.shelf.names().is_empty());
    // An upload that arrives after the deletion leaves nothing.
    assert_eq!(stage.arrive(&permit, &png(50, 50)).await, 0);
    assert!(stage.shelf.names().is_empty());
}

/// ME-03: private is private; public is for whoever is signed in.
#[tokio::test]
async fn me_03_who_sees_what() {
    let stage = Stage::new().await;
    let (user, other) = (stage.world.user(), stage.world.user());
    for (visibility, wanted) in [("private", 404), ("public", 200)] {
        let mut body = announcement();
        body["visibility"] = json!(visibility);
        let permit = stage.announce(&user, body).await;
        stage.read(&other, &permit).await.expect(404);
        stage.arrive(&permit, &png(20, 20)).await;
        stage.read(&other, &permit).await.expect(wanted);
        stage.api.get(&path(&permit)).send().await.expect(401);
    }
    let revoked = stage.world.user();
    stage.world.revoke(&revoked).await;
    stage
        .api
        .post("/v1/media/uploads")
        .bearer(&revoked)
        .json(announcement())
        .send()
        .await
        .expect(401);
}

/// B10-01: limits are readable, and the same everywhere.
#[tokio::test]
async fn me_01_limits() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let limits = stage
        .api
        .get("/v1/media/limits")
        .send()
        .await
        .expect(200)
        .body;
    let post = |changes: Value| {
        let mut body = announcement();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        stage.api.post("/v1/media/uploads").bearer(&user).json(body)
    };
    let over = limits["maxBytes"].as_u64().unwrap() + 1;
    post(json!({"bytes": over}))
        .send()
        .await
        .expect(413)
        .problem("media-too-large");
    post(json!({"contentType": "image/svg+xml"}))
        .send()
        .await
        .expect(415)
        .problem("media-type-not-accepted");
    post(json!({"bytes": 0})).send().await.expect(400);
    post(json!({"fileName": "x".repeat(300)}))
        .send()
        .await
        .expect(400);
    let alias = stage
        .api
        .post("/v1/media/upload")
        .bearer(&user)
        .json(announcement())
        .send()
        .await
        .expect(201);
    assert!(alias.header("deprecation").starts_with('@'));
}

/// XC-05: a repeated announcement is the same permit, while that is good.
#[tokio::test]
async fn xc_05_a_repeated_permit_lives_no_longer_than_itself() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let post = || {
        stage
            .api
            .post("/v1/media/uploads")
            .bearer(&user)
            .key("k")
            .json(announcement())
    };
    let first = post().send().await.expect(201).body;
    assert_eq!(post().send().await.expect(201).body, first);
    stage
        .world
        .clock
        .advance(jiff::SignedDuration::from_mins(16));
    let token = stage
        .world
        .token(&stage.world.claims(user.id, user.session));
    let late = post().token(&token).send().await.expect(201).body;
    assert_ne!(late["mediaId"], first["mediaId"]);
}
