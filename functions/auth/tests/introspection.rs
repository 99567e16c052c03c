use jiff::SignedDuration;
use serde_json::json;
use shared::testing::{ISSUER, TestReply};

use crate::{
    service_accounts::{Client, members, owned},
    support::Stack,
};

impl Stack {
    async fn introspect(&self, client: &Client, token: &str) -> TestReply {
        let form = format!("token={token}");
        self.form("/v1/auth/introspect", Some(client), &form).await
    }

    async fn revoke(&self, client: Option<&Client>, token: &str) -> TestReply {
        self.form("/v1/auth/revoke", client, &format!("token={token}"))
            .await
    }
}

/// AU-11: RFC 7662.
#[tokio::test]
async fn au_11_introspection_tells_what_every_kind_of_token_stands_for() {
    let (stack, owner, org) = owned("rust-conf").await;
    let asker = stack
        .client(&owner, org, &["tokens:introspect", "events:read"])
        .await;
    let now = stack.world.clock.now().as_second();
    let state = stack
        .introspect(&asker, &owner.access)
        .await
        .expect(200)
        .body;
    assert_eq!(
        (&state["active"], &state["sub"]),
        (&json!(true), &json!(owner.id))
    );
    assert_eq!(
        (&state["exp"], &state["token_type"]),
        (&json!(now + 900), &json!("Bearer"))
    );
    assert_eq!(
        (&state["iss"], &state["client_id"]),
        (&json!(ISSUER), &json!("plenary"))
    );
    assert!(
        state.get("scope").is_none(),
        "a person's own token is not limited"
    );
    let state = stack
        .introspect(&asker, &owner.refresh)
        .await
        .expect(200)
        .body;
    assert_eq!(
        (&state["active"], &state["sub"]),
        (&json!(true), &json!(owner.id))
    );
    assert!(state.get("token_type").is_none());
    let token = stack.service_token(&asker).await;
    let state = stack.introspect(&asker, &token).await.expect(200).body;
    assert_eq!(
        (&state["sub"], &state["client_id"]),
        (&json!(asker.0), &json!(asker.0))
    );
    assert_eq!(state["scope"], "events:read tokens:introspect");
    let body = json!({"name": "n", "scopes": ["users:read"], "expiresAt": "2026-09-02T00:00:00Z"});
    let made = stack
        .api
        .post("/v1/api-keys")
        .token(&owner.access)
        .json(body)
        .send()
        .await;
    let key = made.body["key"].as_str().unwrap();
    let state = stack.introspect(&asker, key).await.expect(200).body;
    assert_eq!(
        (&state["sub"], &state["scope"]),
        (&json!(owner.id), &json!("users:read"))
    );
    assert_eq!(state["client_id"], made.body["id"]);
    assert_eq!(state["exp"], 1_788_307_200);
}

#[tokio::test]
async fn au_11_what_is_not_good_is_inactive_and_nothing_else() {
    let (stack, owner, org) = owned("rust-conf").await;
    let asker = stack.client(&owner, org, &["tokens:introspect"]).await;
    let check = async |token: &str| {
        let reply = stack.introspect(&asker, token).await.expect(200);
        assert_eq!(reply.body, json!({"active": false}), "{token}");
    };
    let eve = stack.person("eve").await;
    let spent = eve.refresh.clone();
    stack.refresh(&spent).await.expect(200);
    let key = shared::api_key::Kind::Key.generate().unwrap();
    let tampered = format!("{}x", owner.access);
    for token in [
        "junk",
        "a.b.c",
        &key,
        "plnr_key_",
        "plr_",
        &tampered,
        &spent,
    ] {
        check(token).await;
    }
    // Asking uses nothing up: the spent token was not taken for a theft.
    stack.refresh(&spent).await.expect(200);
    stack
        .api
        .post("/v1/auth/logout")
        .token(&eve.access)
        .send()
        .await
        .expect(204);
    check(&eve.access).await;
    let expired = owner.access.clone();
    stack.world.clock.advance(SignedDuration::from_mins(15));
    check(&expired).await;
}

#[tokio::test]
async fn au_11_who_may_ask() {
    let (stack, owner, org) = owned("rust-conf").await;
    let eve = stack.person("eve").await;
    let plain = stack.client(&owner, org, &["events:read"]).await;
    stack
        .introspect(&plain, &owner.access)
        .await
        .expect(403)
        .problem("insufficient-scope");
    let form = "application/x-www-form-urlencoded";
    let ask = |bearer: &str, token: &str| {
        let request = stack.api.post("/v1/auth/introspect").token(bearer);
        request
            .header("content-type", form)
            .body(format!("token={token}"))
            .send()
    };
    ask(&eve.access, &owner.access)
        .await
        .expect(403)
        .problem("insufficient-scope");
    assert_eq!(
        ask(&eve.access, &eve.access).await.expect(200).body["active"],
        true
    );
    let body = json!({"name": "n", "scopes": ["tokens:introspect"]});
    let key = stack
        .api
        .post("/v1/api-keys")
        .token(&eve.access)
        .json(body)
        .send()
        .await;
    let key = key.body["key"].as_str().unwrap();
    assert_eq!(
        ask(key, &owner.access).await.expect(200).body["active"],
        true
    );
    // A key that may not ask still learns about itself.
    let body = json!({"name": "n", "scopes": ["users:read"]});
    let weak = stack
        .api
        .post("/v1/api-keys")
        .token(&eve.access)
        .json(body)
        .send()
        .await;
    let weak = weak.body["key"].as_str().unwrap();
    assert_eq!(
        ask(weak, weak).await.expect(200).body["scope"],
        "users:read"
    );
    ask(weak, &owner.access).await.expect(403);
    ask("junk", "junk")
        .await
        .expect(401)
        .problem("unauthenticated");
    let nobody = stack
        .form("/v1/auth/introspect", None, "token=x")
        .await
        .expect(401);
    assert_eq!(nobody.body["error"], "invalid_client");
    let empty = stack.form("/v1/auth/introspect", Some(&plain), "").await;
    empty.expect(403);
}

/// AU-11: RFC 7009.
#[tokio::test]
async fn au_11_whoever_holds_a_token_may_revoke_it() {
    let (stack, owner, org) = owned("rust-conf").await;
    let (ada, eve) = (stack.person("ada").await, stack.person("eve").await);
    // A refresh token ends its session, an access token too.
    let reply = stack.revoke(None, &ada.refresh).await.expect(200);
    assert_eq!(reply.text, "");
    stack.get("/v1/users/me", &ada).await.expect(401);
    stack.refresh(&ada.refresh).await.expect(401);
    stack.revoke(None, &eve.access).await.expect(200);
    stack.refresh(&eve.refresh).await.expect(401);
    // The token of a service account ends alone.
    let shop = stack.client(&owner, org, &["organizations:read"]).await;
    let (first, second) = (
        stack.service_token(&shop).await,
        stack.service_token(&shop).await,
    );
    stack.revoke(None, &first).await.expect(200);
    members(&stack, org, &first).await.expect(401);
    members(&stack, org, &second).await.expect(200);
    stack.revoke(Some(&shop), &second).await.expect(200);
    members(&stack, org, &second).await.expect(401);
    stack.grant(&shop, "").await.expect(200);
    // What is none is answered the same, and again.
    let key = shared::api_key::Kind::Key.generate().unwrap();
    for token in [
        "junk",
        "a.b.c",
        "plr_x",
        &key,
        &first,
        &ada.refresh,
        &ada.access,
    ] {
        stack.revoke(None, token).await.expect(200);
    }
}

#[tokio::test]
async fn au_11_a_leaked_key_is_revoked_by_its_finder_and_its_owner_gets_another() {
    let (stack, owner, _) = owned("rust-conf").await;
    let body = json!({"name": "n", "scopes": ["users:read"]});
    let made = stack
        .api
        .post("/v1/api-keys")
        .token(&owner.access)
        .json(body)
        .send()
        .await;
    let (id, leaked) = (
        made.body["id"].as_str().unwrap(),
        made.body["key"].as_str().unwrap(),
    );
    let path = format!("/v1/api-keys/{id}");
    let rotate = || {
        stack
            .api
            .post(&format!("{path}/rotate"))
            .token(&owner.access)
            .send()
    };
    let other = rotate().await.expect(200).body["key"]
        .as_str()
        .unwrap()
        .to_owned();
    stack.revoke(None, leaked).await.expect(200);
    let me = |key: &str| stack.api.get("/v1/users/me").token(key).send();
    me(leaked).await.expect(401);
    me(&other).await.expect(200);
    stack.revoke(None, &other).await.expect(200);
    me(&other).await.expect(401);
    assert_eq!(
        stack.last_event("credential.changed").await["change"],
        "secretRevoked"
    );
    let left = stack.get(&path, &owner).await.expect(200);
    assert_eq!(left.body["secrets"], json!([]));
    let again = rotate().await.expect(200).body["key"]
        .as_str()
        .unwrap()
        .to_owned();
    me(&again).await.expect(200);
}

#[tokio::test]
async fn au_11_a_client_revokes_its_own_tokens_only() {
    let (stack, owner, org) = owned("rust-conf").await;
    let shop = stack.client(&owner, org, &["organizations:read"]).await;
    let other = stack.client(&owner, org, &["organizations:read"]).await;
    let token = stack.service_token(&shop).await;
    for token in [token.as_str(), &owner.refresh, &owner.access] {
        let reply = stack.revoke(Some(&other), token).await.expect(400);
        assert_eq!(reply.body["error"], "unauthorized_client");
    }
    members(&stack, org, &token).await.expect(200);
    let wrong = (shop.0.clone(), other.1.clone());
    let reply = stack.revoke(Some(&wrong), &token).await.expect(401);
    assert_eq!(reply.body["error"], "invalid_client");
    members(&stack, org, &token).await.expect(200);
    let reply = stack.form("/v1/auth/revoke", None, "").await.expect(400);
    assert_eq!(reply.body["error"], "invalid_request");
}

/// AU-11: RFC 8414 §2.
#[tokio::test]
async fn au_11_discovery_names_the_end_points() {
    let stack = Stack::new().await;
    let read = |path: &'static str| stack.api.get(path).send();
    let one = read("/.well-known/openid-configuration").await.expect(200);
    let two = read("/.well-known/oauth-authorization-server")
        .await
        .expect(200);
    assert_eq!(one.body, two.body);
    for (name, path) in [
        ("token_endpoint", "/v1/auth/token"),
        ("introspection_endpoint", "/v1/auth/introspect"),
        ("revocation_endpoint", "/v1/auth/revoke"),
    ] {
        assert_eq!(one.body[name], format!("{ISSUER}{path}"));
        let methods = one.body[format!("{name}_auth_methods_supported")]
            .as_array()
            .unwrap();
        assert!(methods.contains(&json!("client_secret_basic")), "{name}");
    }
    assert_eq!(
        one.body["grant_types_supported"],
        json!(["client_credentials"])
    );
    let scopes = one.body["scopes_supported"].as_array().unwrap();
    assert!(scopes.contains(&json!("events:read")));
}
