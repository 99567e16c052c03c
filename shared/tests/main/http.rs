//! The layers around every route.

use http::Method;
use serde_json::{Value, json};
use shared::testing::{Fault, Faults, World};

use crate::routes::{api, api_with};

#[tokio::test]
async fn gw_16_gw_17_correlation_and_request_ids() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let reply = api
        .get("/v1/me")
        .bearer(&user)
        .header("x-correlation-id", "abc-1")
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            reply.header("x-correlation-id"),
            &reply.body["correlationId"]
        ),
        ("abc-1", &json!("abc-1"))
    );
    let longest = "c".repeat(128);
    let reply = api
        .get("/v1/none")
        .header("x-correlation-id", &longest)
        .send()
        .await
        .expect(404);
    assert_eq!(reply.header("x-correlation-id"), longest);
    assert_eq!(
        reply.body["correlationId"],
        json!(longest),
        "errors carry it too"
    );
    for bad in ["", "with space", &"c".repeat(129)] {
        let reply = api
            .get("/v1/open")
            .header("x-correlation-id", bad)
            .send()
            .await
            .expect(200);
        let made = uuid::Uuid::parse_str(reply.header("x-correlation-id")).unwrap();
        assert_eq!(made.get_version_num(), 7, "{bad:?}");
        assert_ne!(
            reply.header("x-request-id"),
            reply.header("x-correlation-id")
        );
    }
    let mut ids = Vec::new();
    for _ in 0..2 {
        let reply = api
            .get("/v1/open")
            .header("x-request-id", "mine")
            .send()
            .await;
        ids.push(reply.header("x-request-id").to_owned());
    }
    assert!(
        ids[0] != ids[1] && ids.iter().all(|id| uuid::Uuid::parse_str(id).is_ok()),
        "{ids:?}"
    );
}

#[tokio::test]
async fn gw_16_correlation_travels_with_the_event() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = api
        .post("/v1/things")
        .bearer(&user)
        .json(json!({"id": "1"}));
    request
        .header("x-correlation-id", "abc")
        .header("traceparent", parent)
        .send()
        .await
        .expect(201);
    let event = world.outbox(&world.core.table).await.remove(0);
    assert_eq!(
        (event.correlationid.as_str(), event.traceparent.as_deref()),
        ("abc", Some(parent))
    );
    assert_eq!(event.actor, Some(user.id.to_string()));
}

#[tokio::test]
async fn ob_04_traceparent_is_taken_over_or_begun() {
    let world = World::new().await;
    let api = api(&world);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let reply = api
        .get("/v1/open")
        .header("traceparent", parent)
        .send()
        .await;
    assert_eq!(reply.header("traceparent"), parent);
    let reply = api
        .get("/v1/open")
        .header("traceparent", "nonsense")
        .send()
        .await;
    let begun: Vec<&str> = reply.header("traceparent").split('-').collect();
    assert_eq!(
        (begun.len(), begun[0], begun[1].len(), begun[2].len()),
        (4, "00", 32, 16)
    );
}

#[tokio::test]
async fn gw_23_a_missing_and_a_bad_token_are_told_apart() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let reply = api
        .get("/v1/me")
        .send()
        .await
        .expect(401)
        .problem("unauthenticated");
    assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"plenary\"");
    assert_eq!(reply.body["detail"], "Access token required.");
    let mut old = world.claims(user.id, user.session);
    old.exp = old.iat;
    for bad in ["x", "a.b.c", &world.token(&old)] {
        let reply = api
            .get("/v1/me")
            .token(bad)
            .send()
            .await
            .expect(401)
            .problem("unauthenticated");
        assert!(
            reply
                .header("www-authenticate")
                .contains("error=\"invalid_token\""),
            "{bad}"
        );
        api.get("/v1/optional").token(bad).send().await.expect(401);
    }
    api.get("/v1/me")
        .header("authorization", "Basic eDp5")
        .send()
        .await
        .expect(401);
    api.get("/v1/optional").send().await.expect(200);
    api.get("/v1/me").bearer(&user).send().await.expect(200);
}

#[tokio::test]
async fn gw_05_headers_make_nobody_somebody() {
    let world = World::new().await;
    let (api, user, other) = (api(&world), world.user(), world.user());
    let claim = other.id.to_string();
    api.get("/v1/me")
        .header("x-user-id", &claim)
        .send()
        .await
        .expect(401);
    let reply = api
        .get("/v1/me")
        .bearer(&user)
        .header("x-user-id", &claim)
        .send()
        .await
        .expect(200);
    assert_eq!(reply.body["userId"], json!(user.id));
    let reply = api
        .get("/v1/optional")
        .header("x-user-id", &claim)
        .send()
        .await
        .expect(200);
    assert_eq!(reply.body["userId"], Value::Null);
}

#[tokio::test]
async fn problems_have_one_shape() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let reply = api
        .get("/v1/none?x=1")
        .send()
        .await
        .expect(404)
        .problem("not-found");
    assert_eq!(
        (&reply.body["instance"], &reply.body["status"]),
        (&json!("/v1/none"), &json!(404))
    );
    assert!(reply.body["title"].is_string() && reply.body["detail"].is_string());
    assert_eq!(reply.header("cache-control"), "no-store");
    let reply = api
        .delete("/v1/things")
        .bearer(&user)
        .send()
        .await
        .expect(405)
        .problem("method-not-allowed");
    assert_eq!(reply.header("allow"), "POST");
    for path in ["/v1/boom", "/v1/broken"] {
        let reply = api.get(path).send().await.expect(500).problem("internal");
        assert!(!reply.text.contains("secret") && !reply.header("x-correlation-id").is_empty());
    }
}

#[tokio::test]
async fn gw_13_what_takes_too_long_is_a_504() {
    // The shortest of the deadlines: 5 s for auth.
    let world = World::of("auth").await;
    let began = std::time::Instant::now();
    api(&world)
        .get("/v1/slow")
        .send()
        .await
        .expect(504)
        .problem("timeout");
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn gw_27_bodies_are_checked_with_pointers() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let send = async |body: &str, kind: &str| {
        api.post("/v1/things")
            .bearer(&user)
            .header("content-type", kind)
            .body(body)
            .send()
            .await
    };
    send("{}", "text/plain")
        .await
        .expect(415)
        .problem("unsupported-media-type");
    send("{}", "application/jsonp").await.expect(415);
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(1024 * 1024));
    send(&large, "application/json")
        .await
        .expect(413)
        .problem("payload-too-large");
    for (body, pointer, code) in [
        ("{", "", "malformed-json"),
        ("{}", "", "missing"),
        (r#"{"id":1}"#, "/id", "invalid"),
        (r#"{"id":"1","idd":2}"#, "/idd", "unknown-field"),
    ] {
        let reply = send(body, "application/json; charset=utf-8")
            .await
            .expect(400)
            .problem("invalid-request");
        let error = &reply.body["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(code)),
            "{body}"
        );
        assert!(error["detail"].is_string());
    }
    let reply = api.get("/v1/open?limit=x").send().await.expect(400);
    assert_eq!(reply.body["errors"][0]["pointer"], "?limit");
    let patch = async |kind: &str, body: Value| {
        api.patch("/v1/patched")
            .bearer(&user)
            .header("content-type", kind)
            .json(body)
            .send()
            .await
    };
    let merged = patch("application/merge-patch+json", json!({"text": "b"}))
        .await
        .expect(200);
    assert_eq!(merged.body, json!({"id": "1", "text": "b"}));
    patch("application/json-patch+json", json!({}))
        .await
        .expect(415);
    patch("application/merge-patch+json", json!([]))
        .await
        .expect(400);
}

#[tokio::test]
async fn every_answer_is_guarded_and_tags_spare_the_body() {
    let world = World::new().await;
    let api = api(&world);
    for path in ["/v1/open", "/v1/none", "/v1/boom"] {
        let reply = api.get(path).send().await;
        assert!(
            reply
                .header("strict-transport-security")
                .contains("max-age=31536000"),
            "{path}"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
    }
    let full = api.get("/v1/open").send().await.expect(200);
    assert_eq!(
        (full.header("etag"), full.header("cache-control")),
        ("\"3\"", "private, no-store")
    );
    for known in ["\"3\"", "\"1\", W/\"3\"", "*"] {
        for method in [Method::GET, Method::HEAD] {
            let reply = api
                .request(method, "/v1/open")
                .header("if-none-match", known)
                .send()
                .await
                .expect(304);
            assert_eq!((reply.text.as_str(), reply.header("etag")), ("", "\"3\""));
        }
    }
    api.get("/v1/open")
        .header("if-none-match", "\"4\"")
        .send()
        .await
        .expect(200);
    let head = api
        .request(Method::HEAD, "/v1/open")
        .send()
        .await
        .expect(200);
    assert_eq!((head.text.as_str(), head.header("etag")), ("", "\"3\""));
}

/// What a commit in trouble looks like from outside.
#[tokio::test]
async fn a_store_that_fails_is_a_503_without_its_inside() {
    let world = World::new().await;
    let faults = Faults::before(&world.db);
    let (api, user) = (
        api_with(&world, faults.bare_table(&world.core.table)),
        world.user(),
    );
    faults.next([Fault::error(400, "AccessDeniedException")]);
    let request = api
        .post("/v1/things")
        .bearer(&user)
        .json(json!({"id": "1"}));
    let reply = request.send().await.expect(503).problem("unavailable");
    assert!(!reply.text.contains("AccessDenied") && !reply.text.contains("DynamoDB"));
    assert_eq!(reply.header("retry-after"), "1");
}
