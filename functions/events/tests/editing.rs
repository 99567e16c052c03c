use serde_json::json;
use shared::principal::Role;

use crate::support::{Stage, draft, path};

/// EV-01, EV-22…26: what is created is what is read.
#[tokio::test]
async fn ev_01_22_23_24_25_26_create_and_read_back() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let body = draft(
        json!({"organizationId": org, "capacity": 120, "price": {"amountMinor": 1999, "currency": "EUR"}}),
    );
    let reply = stage
        .api
        .post("/v1/events")
        .bearer(&author)
        .json(body.clone())
        .send()
        .await
        .expect(201);
    assert_eq!(reply.header("location"), path(&reply.body));
    let read = stage.read(&author, &reply.body).await.expect(200);
    assert_eq!(read.body, reply.body);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&read.body[name], value, "{name}");
    }
    // EV-25: who made it and when, once; active means published.
    assert_eq!(read.body["createdBy"], json!(author.id));
    assert_eq!(read.body["createdAt"], read.body["updatedAt"]);
    assert_eq!(
        (&read.body["status"], &read.body["isActive"]),
        (&json!("draft"), &json!(false))
    );
    assert_eq!(read.body["attendeeCount"], 0);
}

#[tokio::test]
async fn ev_01_needs_a_token_and_the_right() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let body = draft(json!({"organizationId": org}));
    stage
        .api
        .post("/v1/events")
        .json(body.clone())
        .send()
        .await
        .expect(401)
        .problem("unauthenticated");
    let outsider = stage.world.user();
    stage
        .api
        .post("/v1/events")
        .bearer(&outsider)
        .json(body.clone())
        .send()
        .await
        .expect(404);
    let member = stage.member(org, Role::Member).await;
    stage
        .api
        .post("/v1/events")
        .bearer(&member)
        .json(body.clone())
        .send()
        .await
        .expect(403);
    let revoked = stage.member(org, Role::Organizer).await;
    stage.world.revoke(&revoked).await;
    stage
        .api
        .post("/v1/events")
        .bearer(&revoked)
        .json(body)
        .send()
        .await
        .expect(401);
    assert!(stage.kinds().await.is_empty());
}

/// EV-03: conditional reads; the tag moves with the counts.
#[tokio::test]
async fn ev_03_etag_and_304() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let tag = stage.read(&author, &event).await.header("etag").to_owned();
    let get = || {
        stage
            .api
            .get(&path(&event))
            .bearer(&author)
            .header("if-none-match", &tag)
    };
    let same = get().send().await.expect(304);
    assert!(same.text.is_empty());
    stage
        .register(&stage.world.user(), &event)
        .await
        .expect(201);
    get().send().await.expect(200);
}

/// EV-04: If-Match guards; a lost update cannot happen.
#[tokio::test]
async fn ev_04_patch_with_if_match() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.create(&author, draft(json!({}))).await;
    let patch = || stage.api.patch(&path(&event)).bearer(&author);
    patch().json(json!({"title": "x"})).send().await.expect(428);
    patch()
        .header("if-match", "\"7\"")
        .json(json!({"title": "x"}))
        .send()
        .await
        .expect(412);
    let tag = stage.read(&author, &event).await.header("etag").to_owned();
    let next = patch()
        .header("if-match", &tag)
        .json(json!({"title": "New", "venue": null}))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&next.body["title"], next.body.get("venue")),
        (&json!("New"), None)
    );
    assert_eq!(next.body["version"], 2);
    patch()
        .header("if-match", &tag)
        .json(json!({"title": "Old"}))
        .send()
        .await
        .expect(412);
    patch()
        .header("if-match", "*")
        .json(json!({"colour": 1}))
        .send()
        .await
        .expect(400);
    patch()
        .header("if-match", "*")
        .json(json!({"createdBy": "x"}))
        .send()
        .await
        .expect(400);
    let stranger = stage.world.user();
    stage
        .api
        .patch(&path(&event))
        .bearer(&stranger)
        .header("if-match", "*")
        .json(json!({"title": "x"}))
        .send()
        .await
        .expect(404);
}

/// EV-04: whoever may not approve may not change what was approved.
#[tokio::test]
async fn ev_04_approved_content_is_not_changed_behind_the_approvers_back() {
    let stage = Stage::new().await;
    let org = stage.organization(true).await;
    let author = stage.member(org, Role::Organizer).await;
    let admin = stage.member(org, Role::Admin).await;
    let event = stage
        .create(&author, draft(json!({"organizationId": org})))
        .await;
    stage
        .act(&author, &event, "submit", json!({}))
        .await
        .expect(200);
    let patch = |user| {
        stage
            .api
            .patch(&path(&event))
            .bearer(user)
            .header("if-match", "*")
            .json(json!({"title": "Other"}))
    };
    stage
        .act(&admin, &event, "approve", json!({}))
        .await
        .expect(200);
    patch(&author).send().await.expect(202);
    assert_eq!(
        stage.read(&author, &event).await.body["title"],
        event["title"]
    );
    patch(&admin).send().await.expect(200);
}

/// EV-05: drafts go, what was published stays as cancelled.
#[tokio::test]
async fn ev_05_delete_and_cancel() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let draft_event = stage.create(&author, draft(json!({}))).await;
    stage
        .api
        .delete(&path(&draft_event))
        .bearer(&author)
        .send()
        .await
        .expect(204);
    stage.read(&author, &draft_event).await.expect(404);
    let event = stage.published(&author, json!({})).await;
    let stranger = stage.world.user();
    stage
        .api
        .delete(&path(&event))
        .bearer(&stranger)
        .send()
        .await
        .expect(403);
    stage
        .api
        .delete(&path(&event))
        .bearer(&author)
        .send()
        .await
        .expect(204);
    assert_eq!(
        stage.read(&stranger, &event).await.expect(200).body["status"],
        "cancelled"
    );
    stage
        .api
        .delete(&path(&event))
        .bearer(&author)
        .send()
        .await
        .expect(409);
    let kinds = stage.kinds().await;
    assert!(kinds.contains(&"event.deleted".into()) && kinds.contains(&"event.cancelled".into()));
}

/// EV-17, EV-18, EV-28: saving is idempotent, and told in order.
#[tokio::test]
async fn ev_17_18_28_save_list_unsave() {
    let stage = Stage::new().await;
    let (author, reader) = (stage.world.user(), stage.world.user());
    let event = stage.published(&author, json!({})).await;
    let hidden = stage.create(&author, draft(json!({}))).await;
    let save = format!("{}/save", path(&event));
    stage
        .api
        .put(&save)
        .bearer(&reader)
        .send()
        .await
        .expect(204);
    stage
        .api
        .put(&save)
        .bearer(&reader)
        .send()
        .await
        .expect(204);
    let alias = stage
        .api
        .post(&save)
        .bearer(&reader)
        .send()
        .await
        .expect(204);
    assert!(alias.header("deprecation").starts_with('@'));
    stage
        .api
        .put(&format!("{}/save", path(&hidden)))
        .bearer(&reader)
        .send()
        .await
        .expect(404);
    let saved = stage
        .api
        .get("/v1/events/saved")
        .bearer(&reader)
        .send()
        .await
        .expect(200);
    assert_eq!(saved.body["items"][0]["id"], event["id"]);
    stage
        .api
        .delete(&save)
        .bearer(&reader)
        .send()
        .await
        .expect(204);
    stage
        .api
        .delete(&save)
        .bearer(&reader)
        .send()
        .await
        .expect(204);
    stage
        .api
        .put(&save)
        .bearer(&reader)
        .send()
        .await
        .expect(204);
    let told: Vec<(String, u64)> = stage
        .world
        .outbox(stage.world.table())
        .await
        .into_iter()
        .filter(|told| told.kind.ends_with("saved"))
        .map(|told| (told.kind, told.sequence))
        .collect();
    assert_eq!(
        told,
        [
            ("event.saved".into(), 1),
            ("event.unsaved".into(), 2),
            ("event.saved".into(), 3)
        ]
    );
    stage.api.get("/v1/events/saved").send().await.expect(401);
}
