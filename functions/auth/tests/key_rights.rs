//! AU-25, GW-10: what a key may do, from where, and who changes that.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    api_keys::issued,
    support::{PASSWORD, Stack},
};

impl Stack {
    /// Proves by the password, on the session of this access token.
    pub async fn prove_again(&self, token: &str) {
        let body = json!({"password": PASSWORD});
        let request = self.api.post("/v1/auth/step-up").token(token).json(body);
        request.send().await.expect(200);
    }
}

#[tokio::test]
async fn gw_10_a_key_works_from_its_networks_only() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let networks = ["203.0.113.0/24", "2001:db8::/32"];
    let body = json!({"name": "n", "scopes": ["users:read"], "networks": networks});
    let (id, key) = issued(&stack.make_key(&ada, body).await.expect(201));
    let from = |ip: &str| stack.api.get("/v1/users/me").token(&key).from_ip(ip).send();
    from("203.0.113.9").await.expect(200);
    from("2001:db8::1").await.expect(200);
    from("198.51.100.1")
        .await
        .expect(403)
        .problem("address-not-allowed");
    // Without an address nobody can tell.
    stack
        .me_by(&key)
        .await
        .expect(403)
        .problem("address-not-allowed");
    let open = stack
        .api
        .get("/.well-known/jwks.json")
        .token(&key)
        .from_ip("198.51.100.1");
    open.send().await.expect(200);
    let patch = stack
        .api
        .patch(&format!("/v1/api-keys/{id}"))
        .token(&ada.access)
        .header("if-match", "\"1\"")
        .json(json!({"networks": ["198.51.100.1"]}));
    let reply = patch.send().await.expect(200);
    assert_eq!(reply.body["networks"], json!(["198.51.100.1/32"]));
    from("198.51.100.1").await.expect(200);
    from("203.0.113.9").await.expect(403);
}

#[tokio::test]
async fn au_25_changed_scopes_count_and_a_stale_change_is_refused() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let (id, key) = stack.key(&ada, &["users:read"]).await;
    let path = format!("/v1/api-keys/{id}");
    let tag = stack
        .get(&path, &ada)
        .await
        .expect(200)
        .header("etag")
        .to_owned();
    let change = |tag: &str, body: Value| {
        let request = stack.api.patch(&path).token(&ada.access).json(body);
        if tag.is_empty() {
            request
        } else {
            request.header("if-match", tag)
        }
        .send()
    };
    change("", json!({"name": "x"})).await.expect(428);
    let changed = change(&tag, json!({"scopes": ["organizations:read"]}))
        .await
        .expect(200);
    stack
        .me_by(&key)
        .await
        .expect(403)
        .problem("insufficient-scope");
    let list = stack.api.get("/v1/organizations").token(&key).send();
    list.await.expect(200);
    change(&tag, json!({"name": "x"})).await.expect(412);
    change(changed.header("etag"), json!({"scopes": ["none"]}))
        .await
        .expect(400);
    assert_eq!(
        stack.last_event("credential.changed").await["change"],
        "updated"
    );
}

/// AU-25: a session that somebody left open gives nobody a key.
#[tokio::test]
async fn au_25_a_key_is_given_out_after_a_recent_proof_only() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let (id, _) = stack.key(&ada, &["users:read"]).await;
    stack.world.clock.advance(SignedDuration::from_mins(11));
    let body = json!({"name": "n", "scopes": ["users:read"]});
    let reply = stack.make_key(&ada, body).await;
    reply.expect(403).problem("step-up-required");
    let reply = stack.rotate_key(&ada, &id, json!({})).await;
    reply.expect(403).problem("step-up-required");
}

/// AU-25, B1-07: whoever finds a session open gives no key more than it has, and
/// its owner takes something from it at any time.
#[tokio::test]
async fn au_25_a_key_is_given_more_after_a_recent_proof_only() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let now = stack.world.clock.now();
    let minutes = |count| now + SignedDuration::from_mins(count);
    let body = json!({
        "name": "n", "scopes": ["users:read", "media:write"], "networks": ["203.0.113.0/24"],
        "rateLimit": {"requests": 10, "seconds": 60}, "expiresAt": minutes(600),
    });
    let (id, _) = issued(&stack.make_key(&ada, body).await.expect(201));
    let path = format!("/v1/api-keys/{id}");
    let change = |body: &Value| {
        let request = stack.api.patch(&path).token(&ada.access);
        request.header("if-match", "*").json(body.clone()).send()
    };
    stack.world.clock.advance(SignedDuration::from_mins(11));
    let more = [
        json!({"scopes": ["users:write", "media:write"]}),
        json!({"scopes": ["users:read", "media:write", "events:read"]}),
        json!({"networks": []}),
        json!({"networks": ["203.0.112.0/23"]}),
        json!({"rateLimit": null}),
        json!({"rateLimit": {"requests": 20, "seconds": 60}}),
        json!({"expiresAt": null}),
        json!({"expiresAt": minutes(601)}),
    ];
    let before = stack.get(&path, &ada).await.expect(200).body;
    for body in &more {
        let reply = change(body).await.expect(403).problem("step-up-required");
        assert_eq!(reply.body["methods"], json!(["password"]), "{body}");
    }
    assert_eq!(stack.get(&path, &ada).await.expect(200).body, before);
    let less = [
        json!({"name": "m"}),
        json!({"scopes": ["users:read", "media:read"]}),
        json!({"networks": ["203.0.113.7"]}),
        json!({"rateLimit": {"requests": 5, "seconds": 60}}),
        json!({"expiresAt": minutes(60)}),
    ];
    for body in &less {
        change(body).await.expect(200);
    }
    stack.prove_again(&ada.access).await;
    for body in &more {
        change(body).await.expect(200);
    }
}
