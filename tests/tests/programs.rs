//! Programs on the running stack: one key, every group; client credentials.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::{Answer, Stack, send, somewhere, text};

/// One route of each group that a person's key can read.
const READABLE: [(&str, &str); 5] = [
    ("/v1/users/me", "users:read"),
    ("/v1/events/saved", "events:read"),
    ("/v1/matchmaking/profile", "matchmaking:read"),
    ("/v1/notifications", "notifications:read"),
    ("/v1/media/media_01h2xcejqtf2nbrexx3vqjhp41", "media:read"),
];

async fn get(stack: &Stack, path: &str, token: &str) -> Answer {
    send(
        stack
            .request(&somewhere(), Method::GET, path)
            .bearer_auth(token),
    )
    .await
}

/// AU-25: a key works on every group within its scopes, and within five
/// seconds of its end on none.
#[tokio::test]
async fn au_25_a_key_on_every_group() {
    let stack = Stack::up();
    let person = stack.person("keyed").await;
    let scopes: Vec<&str> = READABLE.iter().map(|(_, scope)| *scope).collect();
    let made = person
        .post("/v1/api-keys", &json!({"name": "all", "scopes": scopes}))
        .await
        .expect(201)
        .body;
    let weak = person
        .post(
            "/v1/api-keys",
            &json!({"name": "weak", "scopes": ["tokens:introspect"]}),
        )
        .await
        .expect(201)
        .body;
    for (path, scope) in READABLE {
        // 404 is an answer of the group too: there is no such medium or profile.
        let status = get(&stack, path, text(&made, "key")).await.status.as_u16();
        assert!([200, 404].contains(&status), "{path}: {status}");
        let refused = get(&stack, path, text(&weak, "key")).await.expect(403);
        assert_eq!(
            refused.problem("insufficient-scope").body["requiredScope"],
            scope
        );
    }
    let path = format!("/v1/api-keys/{}", text(&made, "id"));
    person.delete(&path).await.expect(204);
    let ended = Instant::now();
    for (path, _) in READABLE {
        while get(&stack, path, text(&made, "key")).await.status != 401 {
            assert!(ended.elapsed() < Duration::from_secs(5), "{path}");
        }
    }
}

/// AU-24, AU-11: a service account gets a token, acts by its role in another
/// group, and its token can be asked about and revoked.
#[tokio::test]
async fn au_24_a_service_account_creates_an_event() {
    let stack = Stack::up();
    let owner = stack.person("founder").await;
    let slug = format!("conf-{}", uuid::Uuid::new_v4().simple());
    let org = owner
        .post("/v1/organizations", &json!({"name": "Conf", "slug": slug}))
        .await
        .expect(201)
        .body;
    let accounts = format!("/v1/organizations/{}/service-accounts", text(&org, "id"));
    let body = json!({"name": "Shop", "role": "organizer", "scopes": ["events:write", "tokens:introspect"]});
    let shop = owner.post(&accounts, &body).await.expect(201).body;
    let form = |path: &str, form: String| {
        let request = stack.request(&somewhere(), Method::POST, path);
        let request = request.basic_auth(text(&shop, "id"), Some(text(&shop, "clientSecret")));
        let form_type = "application/x-www-form-urlencoded";
        send(request.header("content-type", form_type).body(form))
    };
    let granted = form("/v1/auth/token", "grant_type=client_credentials".to_owned()).await;
    let granted: Value = granted.expect(200).body;
    let token = text(&granted, "access_token").to_owned();
    let event = crate::stack::draft(json!({"organizationId": org["id"]}));
    let create = stack.request(&somewhere(), Method::POST, "/v1/events");
    let created = send(create.bearer_auth(&token).json(&event))
        .await
        .expect(201)
        .body;
    assert_eq!(created["organizationId"], org["id"]);
    let state = form("/v1/auth/introspect", format!("token={token}"))
        .await
        .expect(200)
        .body;
    assert_eq!(
        (&state["active"], &state["sub"]),
        (&json!(true), &shop["id"])
    );
    form("/v1/auth/revoke", format!("token={token}"))
        .await
        .expect(200);
    let ended = Instant::now();
    while get(&stack, "/v1/events/saved", &token).await.status != 401 {
        assert!(ended.elapsed() < Duration::from_secs(5));
    }
}
