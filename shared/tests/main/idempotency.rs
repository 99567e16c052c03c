//! XC-05, GW-15: repeated requests.

use jiff::SignedDuration;
use serde_json::json;
use shared::testing::{Fault, Faults, TestApi, TestReply, TestUser, World};

use crate::routes::{api, api_with};
use crate::support::census;

async fn send(api: &TestApi, user: &TestUser, path: &str, key: &str, id: &str) -> TestReply {
    api.post(path)
        .bearer(user)
        .key(key)
        .json(json!({"id": id}))
        .send()
        .await
}

#[tokio::test]
async fn xc_05_a_repetition_gets_the_same_reply_marked() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let first = send(&api, &user, "/v1/things", "k1", "1").await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    for key in ["k1", "\"k1\""] {
        let again = send(&api, &user, "/v1/things", key, "1").await.expect(201);
        assert_eq!(
            (again.text.as_str(), again.header("location")),
            (first.text.as_str(), first.header("location"))
        );
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    let counted = census(&world.db, &world.core.table).await;
    assert_eq!((counted.notes, counted.events, counted.replies), (1, 1, 1));
    // Without a key, the same is a conflict.
    api.post("/v1/things")
        .bearer(&user)
        .json(json!({"id": "1"}))
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn xc_05_a_key_belongs_to_one_request_of_one_caller() {
    let world = World::new().await;
    let (api, user, other) = (api(&world), world.user(), world.user());
    send(&api, &user, "/v1/things", "k", "1").await.expect(201);
    send(&api, &user, "/v1/things", "k", "2")
        .await
        .expect(422)
        .problem("idempotency-key-reused");
    for (who, path, id) in [
        (&other, "/v1/things", "3"),
        (&user, "/v1/other", "4"),
        (&user, "/v1/things?x=1", "5"),
    ] {
        let reply = send(&api, who, path, "k", id).await.expect(201);
        assert_eq!(reply.header("idempotency-replayed"), "", "{path}");
    }
    for bad in ["\"", "ä", &"k".repeat(256)] {
        let reply = send(&api, &user, "/v1/things", bad, "6")
            .await
            .expect(400)
            .problem("invalid-request");
        assert_eq!(reply.body["errors"][0]["pointer"], "Idempotency-Key");
    }
    api.post("/v1/things")
        .key("k")
        .json(json!({"id": "1"}))
        .send()
        .await
        .expect(401);
    let broken = api
        .post("/v1/things")
        .key("k")
        .token("x.y.z")
        .json(json!({"id": "1"}));
    broken.send().await.expect(401);
}

#[tokio::test]
async fn xc_05_what_failed_is_not_stored() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let post = async |body| {
        api.post("/v1/things")
            .bearer(&user)
            .key("k")
            .json(body)
            .send()
            .await
    };
    post(json!({"id": "1", "text": "refuse"})).await.expect(403);
    post(json!({"no": 1})).await.expect(400);
    assert_eq!(census(&world.db, &world.core.table).await.replies, 0);
    let reply = post(json!({"id": "1"})).await.expect(201);
    assert_eq!(reply.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn xc_05_a_reply_is_kept_for_a_day() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    send(&api, &user, "/v1/things", "k", "1").await.expect(201);
    world
        .clock
        .advance(SignedDuration::from_secs(24 * 3600 - 1));
    let late = world.token(&world.claims(user.id, user.session));
    let user = TestUser {
        token: late,
        ..user
    };
    let reply = send(&api, &user, "/v1/things", "k", "1").await.expect(201);
    assert_eq!(reply.header("idempotency-replayed"), "true");
    world.clock.advance(SignedDuration::from_secs(1));
    let reply = send(&api, &user, "/v1/things", "k", "2").await.expect(201);
    assert_eq!(
        reply.header("idempotency-replayed"),
        "",
        "the key is free again"
    );
}

#[tokio::test]
async fn xc_05_routes_with_credentials_take_no_key() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    send(&api, &user, "/v1/sign-in", "k", "1").await.expect(201);
    send(&api, &user, "/v1/sign-in", "k", "1").await.expect(403);
    assert_eq!(census(&world.db, &world.core.table).await.replies, 0);
}

#[tokio::test]
async fn xc_05_racing_twins_get_one_reply() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let replies =
        futures::future::join_all((0..20).map(|_| send(&api, &user, "/v1/things", "k", "1"))).await;
    for reply in &replies {
        assert_eq!(
            (reply.status.as_u16(), &reply.text),
            (201, &replies[0].text)
        );
    }
    let first = replies
        .iter()
        .filter(|reply| reply.header("idempotency-replayed").is_empty());
    assert_eq!(first.count(), 1);
}

/// A taken key outranks every other reason: the handler's own "forbidden" must
/// not be the answer to somebody whose twin got in.
#[tokio::test]
async fn xc_05_a_taken_key_outranks_other_reasons() {
    let world = World::new().await;
    let faults = Faults::before(&world.db);
    let (api, user) = (
        api_with(&world, faults.bare_table(&world.core.table)),
        world.user(),
    );
    faults.next([
        Fault::Pass,
        Fault::cancelled(&["ConditionalCheckFailed"; 3]),
    ]);
    // No twin's reply is found here, so the bare reason shows.
    send(&api, &user, "/v1/things", "k", "1")
        .await
        .expect(409)
        .problem("conflict");
    faults.next([
        Fault::Pass,
        Fault::cancelled(&["ConditionalCheckFailed", "None", "None"]),
    ]);
    send(&api, &user, "/v1/things", "k", "1").await.expect(403);
}

/// The commit's answer is lost until time runs out; the reply is found all the same.
#[tokio::test]
async fn xc_05_a_lost_answer_is_found_in_the_table() {
    let world = World::new().await;
    let faults = Faults::before(&world.db);
    let (api, user) = (
        api_with(&world, faults.bare_table(&world.core.table)),
        world.user(),
    );
    let denied = json!({"__type": "AccessDeniedException"});
    faults.next([Fault::Pass, Fault::ReplaceAnswer(400, denied)]);
    let reply = send(&api, &user, "/v1/things", "k", "1").await.expect(201);
    assert_eq!(reply.header("idempotency-replayed"), "true");
    // If the row cannot be read, nothing begins.
    faults.next([Fault::error(400, "AccessDeniedException")]);
    send(&api, &user, "/v1/things", "k2", "2").await.expect(503);
    assert_eq!(census(&world.db, &world.core.table).await.notes, 1);
}

#[tokio::test]
async fn xc_05_a_reply_too_large_to_keep_changes_nothing() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let id = "x".repeat(2);
    let text = "\u{1}".repeat(70 * 1024);
    let request = api
        .post("/v1/things")
        .bearer(&user)
        .key("k")
        .json(json!({"id": id, "text": text}));
    request.send().await.expect(500).problem("internal");
    let counted = census(&world.db, &world.core.table).await;
    assert_eq!((counted.notes, counted.events, counted.replies), (0, 0, 0));
}
