//! The edge: routing, health, description, CORS.

use reqwest::Method;
use serde_json::json;

use crate::stack::{Stack, send, somewhere};

/// GW-01, GW-02: every prefix has its group, and the rest is 404 as a problem.
#[tokio::test]
async fn gw_01_routing() {
    let stack = Stack::up();
    stack
        .get("/v1/nothing/here")
        .await
        .expect(404)
        .problem("not-found");
    let wrong = send(stack.request(&somewhere(), Method::PUT, "/v1/events"))
        .await
        .expect(405);
    wrong.problem("method-not-allowed");
    stack.get("/.well-known/jwks.json").await.expect(200);
    stack
        .get("/.well-known/openid-configuration")
        .await
        .expect(200);
}

/// OB-01, OB-02, OB-03, GW-19.
#[tokio::test]
async fn ob_01_02_03_health() {
    let stack = Stack::up();
    let health = stack.get("/v1/health").await.expect(200);
    assert!(
        matches!(health.body["status"].as_str(), Some("healthy" | "degraded")),
        "{}",
        health.body
    );
    for path in [
        "/v1/health/live",
        "/v1/health/ready",
        "/v1/health/events",
        "/v1/health/auth",
    ] {
        stack.get(path).await.expect(200);
    }
    stack.get("/v1/health/nobody").await.expect(404);
}

/// GW-18, GW-22, XC-11, B1-11: the API describes itself.
#[tokio::test]
async fn gw_18_22_the_api_describes_itself() {
    let stack = Stack::up();
    let description = stack.get("/v1/openapi.json").await.expect(200).body;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(description["paths"]["/v1/events/{id}/registrations"]["post"].is_object());
    assert!(
        String::from_utf8_lossy(&stack.get("/v1/docs").await.expect(200).bytes).contains("<html")
    );
    stack.get("/v1/meta/services").await.expect(200);
    stack.get("/v1/meta/events").await.expect(200);
    let problems = stack.get("/v1/problems").await.expect(200).body.to_string();
    assert!(problems.contains("event-full") && problems.contains("quota-exceeded"));
    stack.get("/v1/problems/event-full").await.expect(200);
}

/// The description is true: every operation answers, and none with a 5xx or
/// a 404 that means "no such route".
#[tokio::test]
async fn gw_18_every_described_operation_exists() {
    let stack = Stack::up();
    let person = stack.person("dora").await;
    let description = stack.get("/v1/openapi.json").await.expect(200).body;
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in operations
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
        {
            let concrete = concrete(path);
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            // A body of the wrong shape: nothing is changed by asking.
            let request = stack
                .request(&somewhere(), method.clone(), &concrete)
                .json(&json!({"nonsense": true}));
            let answer = send(request).await;
            let status = answer.status.as_u16();
            assert!(
                status < 500 && status != 405,
                "{method} {path}: {status} {}",
                answer.body
            );
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            assert!(
                !detail.starts_with("The path does not exist"),
                "{method} {path}: no such route"
            );
        }
    }
    person.get("/v1/users/me").await.expect(200);
}

fn concrete(path: &str) -> String {
    path.split('/')
        .map(|part| {
            if part.starts_with('{') {
                "event_01h2xcejqtf2nbrexx3vqjhp41"
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// GW-05: identity headers of a client mean nothing.
#[tokio::test]
async fn gw_05_identity_headers_are_ignored() {
    let stack = Stack::up();
    let (person, other) = (stack.person("hugo").await, stack.person("hans").await);
    let request = person
        .request(Method::GET, "/v1/users/me")
        .header("x-user-id", &other.id);
    assert_eq!(send(request).await.expect(200).body["id"], json!(person.id));
    let request = stack
        .request(&somewhere(), Method::GET, "/v1/users/me")
        .header("x-user-id", &other.id);
    send(request).await.expect(401);
}

/// GW-08: the origins that the operator lists may call, and read what we tell in headers.
#[tokio::test]
async fn gw_08_cors() {
    let stack = Stack::up();
    let preflight = |origin: &'static str| {
        stack
            .request(&somewhere(), Method::OPTIONS, "/v1/events")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "idempotency-key")
    };
    let allowed = send(preflight("http://localhost:5173")).await;
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "http://localhost:5173"
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("idempotency-key")
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    let refused = send(preflight("https://evil.example")).await;
    assert_eq!(refused.header("access-control-allow-origin"), "");
    let read = stack
        .request(&somewhere(), Method::GET, "/v1/events")
        .header("origin", "http://localhost:5173");
    let read = send(read).await.expect(200);
    assert!(read.header("vary").to_lowercase().contains("origin"));
    for name in ["etag", "retry-after", "ratelimit", "x-correlation-id"] {
        let exposed = read.header("access-control-expose-headers").to_lowercase();
        assert!(
            exposed.split(',').any(|header| header.trim() == name),
            "{name}"
        );
    }
}

/// SC-01: what every answer carries.
#[tokio::test]
async fn sc_01_security_headers() {
    let stack = Stack::up();
    for path in ["/v1/events", "/v1/nothing", "/v1/users/me"] {
        let answer = stack.get(path).await;
        assert!(
            answer
                .header("strict-transport-security")
                .contains("max-age="),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.header("x-correlation-id").is_empty());
        assert!(!answer.header("x-request-id").is_empty());
    }
}
