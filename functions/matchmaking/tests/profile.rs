use serde_json::{Value, json};
use shared::table::{Key, Query};

use crate::stage::{Stage, founder, saved};
use plenary_matchmaking::store::items::{Member, user_partition};
use shared::id::EventId;

const PROFILE: &str = "/v1/matchmaking/profile";

#[tokio::test]
async fn mm_01_a_profile_is_set_and_read_by_its_owner_alone() {
    let stage = Stage::new().await;
    let (user, other) = (stage.world.user(), stage.world.user());
    stage
        .api
        .get(PROFILE)
        .bearer(&user)
        .send()
        .await
        .expect(404)
        .problem("not-found");
    let put = stage.set(&user, founder()).await.expect(200);
    assert_eq!(put.body["userId"], json!(user.id));
    assert_eq!(put.body["preferences"]["openToMatch"], json!(true));
    let got = stage
        .api
        .get(PROFILE)
        .bearer(&user)
        .send()
        .await
        .expect(200);
    assert_eq!(got.body, put.body);
    assert_eq!(got.header("etag"), put.header("etag"));
    assert_eq!(got.header("cache-control"), "private, no-store");
    stage
        .api
        .get(PROFILE)
        .bearer(&other)
        .send()
        .await
        .expect(404);
}

#[tokio::test]
async fn mm_01_put_sets_the_whole_profile() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    stage.set(&user, founder()).await.expect(200);
    let put = stage
        .set(&user, json!({"headline": " New \n here "}))
        .await
        .expect(200);
    assert_eq!(put.body["headline"], json!("New here"));
    assert_eq!(put.body["roles"], json!([]));
    assert_eq!(put.body["company"], Value::Null);
}

#[tokio::test]
async fn mm_01_if_match_protects_whoever_sends_it() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let etag = stage
        .set(&user, founder())
        .await
        .expect(200)
        .header("etag")
        .to_owned();
    let put = |tag: &str| {
        stage
            .api
            .put(PROFILE)
            .bearer(&user)
            .header("if-match", tag)
            .json(json!({}))
    };
    put(&etag).send().await.expect(200);
    put(&etag)
        .send()
        .await
        .expect(412)
        .problem("version-conflict");
}

#[tokio::test]
async fn mm_01_post_is_a_deprecated_alias_with_an_idempotency_key() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let post = || {
        stage
            .api
            .post(PROFILE)
            .bearer(&user)
            .key("k1")
            .json(founder())
    };
    let first = post().send().await.expect(200);
    assert!(first.header("deprecation").starts_with('@'));
    assert_eq!(
        first.header("link"),
        "</v1/matchmaking/profile>; rel=\"successor-version\""
    );
    let again = post().send().await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body, first.body);
    let other = stage
        .api
        .post(PROFILE)
        .bearer(&user)
        .key("k1")
        .json(json!({}));
    other
        .send()
        .await
        .expect(422)
        .problem("idempotency-key-reused");
    let put = stage.set(&user, founder()).await.expect(200);
    assert_eq!(put.header("deprecation"), "");
}

#[tokio::test]
async fn mm_01_bad_profiles_are_refused_with_pointers() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    for (body, pointer) in [
        (json!({"colour": "red"}), "/colour"),
        (json!({"roles": "developer"}), "/roles"),
        (json!({"roles": ["x".repeat(81)]}), "/roles/0"),
        (json!({"goals": vec!["a"; 11]}), "/goals"),
        (json!({"companySize": "many"}), "/companySize"),
        (json!({"bio": "x".repeat(2001)}), "/bio"),
        (
            json!({"preferences": {"visibleTo": "friends"}}),
            "/preferences/visibleTo",
        ),
        (
            json!({"preferences": {"userId": "x"}}),
            "/preferences/userId",
        ),
        (
            json!({"userId": "user_01h2xcejqtf2nbrexx3vqjhp41"}),
            "/userId",
        ),
    ] {
        let reply = stage
            .set(&user, body.clone())
            .await
            .expect(400)
            .problem("invalid-request");
        assert_eq!(reply.body["errors"][0]["pointer"], json!(pointer), "{body}");
    }
    stage
        .api
        .get(PROFILE)
        .bearer(&user)
        .send()
        .await
        .expect(404);
    let plain = stage
        .api
        .put(PROFILE)
        .bearer(&user)
        .header("content-type", "text/plain");
    plain.body("{}").send().await.expect(415);
}

#[tokio::test]
async fn mm_01_every_route_wants_a_token() {
    let stage = Stage::new().await;
    let event = EventId::new();
    let weights = format!("/v1/matchmaking/events/{event}/weights");
    for request in [
        stage.api.get(PROFILE),
        stage.api.put(PROFILE).json(json!({})),
        stage.api.post(PROFILE).json(json!({})),
        stage.api.get("/v1/matchmaking/matches"),
        stage
            .api
            .get("/v1/matchmaking/matches/user_01h2xcejqtf2nbrexx3vqjhp41"),
        stage
            .api
            .post("/v1/matchmaking/runs")
            .json(json!({"eventId": event})),
        stage
            .api
            .get("/v1/matchmaking/runs/run_01h2xcejqtf2nbrexx3vqjhp41"),
        stage.api.get(&weights),
        stage.api.put(&weights).json(json!({})),
    ] {
        let reply = request.send().await.expect(401).problem("unauthenticated");
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
    }
    let revoked = stage.world.user();
    stage.world.revoke(&revoked).await;
    stage
        .api
        .get(PROFILE)
        .bearer(&revoked)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn mm_05_a_person_has_a_vector_of_512_numbers_that_follows_profile_and_interests() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let vector = async || {
        let key = Key::new(user_partition(user.id), "MEMBER");
        let member: Member = stage.world.table().get(&key).await.unwrap().unwrap();
        member.vector.unwrap()
    };
    stage.set(&user, founder()).await.expect(200);
    let first = vector().await;
    assert_eq!(first.len(), 512);
    stage.set(&user, founder()).await.expect(200);
    assert_eq!(vector().await, first, "the same profile, the same vector");
    let talk = EventId::new();
    stage
        .done(&[saved(
            user.id,
            talk,
            "Gardening for beginners",
            &["plants"],
            1,
        )])
        .await;
    assert_ne!(vector().await, first, "interests are part of it");
    let rows = stage
        .world
        .table()
        .query_all::<plenary_matchmaking::store::items::Row>(Query::partition(user_partition(
            user.id,
        )));
    assert_eq!(rows.await.unwrap().len(), 2);
}

/// GW-18: every operation says who may call it and how it can fail.
#[test]
fn gw_18_every_operation_is_described() {
    let openapi = serde_json::to_value(plenary_matchmaking::openapi()).unwrap();
    let paths = openapi["paths"].as_object().unwrap();
    let operations: Vec<&Value> = paths
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .collect();
    assert_eq!((paths.len(), operations.len()), (6, 9));
    for operation in operations {
        let security = &operation["security"][0]["bearer"][0];
        let scope = security.as_str().unwrap_or_default();
        assert!(scope.starts_with("matchmaking:"), "{operation}");
        assert!(operation["responses"].get("401").is_some(), "{operation}");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        let alias = operation["summary"]
            .as_str()
            .unwrap()
            .contains("deprecated");
        assert_eq!(operation["deprecated"] == json!(true), alias, "{operation}");
    }
    assert!(
        openapi["components"]["schemas"]
            .get("NetworkingProfile")
            .is_some()
    );
}
