use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    digest::from_base64url,
    id::OrganizationId,
    testing::{ISSUER, TestReply},
};

use crate::support::{Person, Stack};

/// A service account's id and secret.
pub type Client = (String, String);

impl Stack {
    pub async fn service(&self, who: &Person, org: OrganizationId, body: Value) -> TestReply {
        self.api
            .post(&format!("/v1/organizations/{org}/service-accounts"))
            .token(&who.access)
            .json(body)
            .send()
            .await
    }

    pub async fn client(&self, who: &Person, org: OrganizationId, scopes: &[&str]) -> Client {
        let body = json!({"name": "Shop", "role": "admin", "scopes": scopes});
        client(&self.service(who, org, body).await.expect(201))
    }

    pub async fn form(&self, path: &str, client: Option<&Client>, form: &str) -> TestReply {
        let request = self
            .api
            .post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        match client {
            Some(client) => request.header("authorization", &basic(client)),
            None => request,
        }
        .send()
        .await
    }

    pub async fn grant(&self, client: &Client, more: &str) -> TestReply {
        let form = format!("grant_type=client_credentials{more}");
        self.form("/v1/auth/token", Some(client), &form).await
    }

    pub async fn service_token(&self, client: &Client) -> String {
        let reply = self.grant(client, "").await.expect(200);
        reply.body["access_token"].as_str().unwrap().to_owned()
    }
}

fn client(reply: &TestReply) -> Client {
    let text = |name: &str| reply.body[name].as_str().unwrap().to_owned();
    (text("id"), text("clientSecret"))
}

fn basic((id, secret): &Client) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&from_base64url(part).unwrap()).unwrap()
}

pub async fn members(stack: &Stack, org: OrganizationId, token: &str) -> TestReply {
    let path = format!("/v1/organizations/{org}/members");
    stack.api.get(&path).token(token).send().await
}

pub async fn owned(slug: &str) -> (Stack, Person, OrganizationId) {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, slug).await;
    (stack, owner, org)
}

/// AU-24, RFC 6749 §4.4 and §5.1, RFC 9068 §2.2.
#[tokio::test]
async fn au_24_client_credentials_give_a_token_about_the_client() {
    let (stack, owner, org) = owned("rust-conf").await;
    let shop = stack
        .client(&owner, org, &["organizations:read", "events:write"])
        .await;
    assert!(shop.0.starts_with("svc_") && shop.1.starts_with("plnr_secret_"));
    let reply = stack.grant(&shop, "").await.expect(200);
    assert_eq!(reply.body["token_type"], "Bearer");
    assert_eq!(reply.body["expires_in"], 900);
    assert_eq!(reply.body["scope"], "events:write organizations:read");
    assert!(reply.body.get("refresh_token").is_none());
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(reply.header("cache-control").contains("no-store"));
    assert_eq!(reply.header("pragma"), "no-cache");
    let token = reply.body["access_token"].as_str().unwrap();
    let says = claims(token);
    assert_eq!(
        (&says["sub"], &says["client_id"]),
        (&json!(shop.0), &json!(shop.0))
    );
    assert_eq!(
        (&says["iss"], &says["aud"]),
        (&json!(ISSUER), &json!(ISSUER))
    );
    assert_eq!(says["org"], org.to_string());
    assert_eq!(says["scope"], "events:write organizations:read");
    members(&stack, org, token).await.expect(200);
    let write = stack.api.patch(&format!("/v1/organizations/{org}"));
    let write = write.token(token).json(json!({"name": "Mine"}));
    write.send().await.expect(403).problem("insufficient-scope");
    // Its secret stands nowhere, and nobody sees it again.
    let path = format!("/v1/organizations/{org}/service-accounts");
    let list = stack.get(&path, &owner).await.expect(200);
    let one = stack
        .get(&format!("{path}/{}", shop.0), &owner)
        .await
        .expect(200);
    for text in [&list.text, &one.text, &stack.everything().await] {
        assert!(!text.contains(&shop.1[18..]), "AU-29");
    }
    assert!(one.body["lastUsedAt"].is_string());
}

#[tokio::test]
async fn au_24_a_token_can_have_less_than_the_account_and_never_more() {
    let (stack, owner, org) = owned("rust-conf").await;
    let shop = stack.client(&owner, org, &["organizations:write"]).await;
    let less = stack
        .grant(&shop, "&scope=organizations:read")
        .await
        .expect(200);
    assert_eq!(less.body["scope"], "organizations:read");
    let token = less.body["access_token"].as_str().unwrap();
    members(&stack, org, token).await.expect(200);
    for more in [
        "&scope=events:read",
        "&scope=organizations:write+users:read",
        "&scope=all",
        "&scope=+",
    ] {
        let reply = stack.grant(&shop, more).await.expect(400);
        assert_eq!(reply.body["error"], "invalid_scope", "{more}");
    }
    // A scope taken away is gone from tokens that were issued before.
    let token = stack.service_token(&shop).await;
    let path = format!("/v1/organizations/{org}/service-accounts/{}", shop.0);
    let request = stack
        .api
        .patch(&path)
        .token(&owner.access)
        .header("if-match", "*");
    let request = request.json(json!({"scopes": ["events:read"]}));
    request.send().await.expect(200);
    members(&stack, org, &token).await.expect(403);
}

/// AU-24: RFC 6749 §2.3.1, §3.2 and §5.2; docs/adr/0014.
#[tokio::test]
async fn au_24_errors_are_those_of_oauth_and_problems_at_once() {
    let (stack, owner, org) = owned("rust-conf").await;
    let shop = stack.client(&owner, org, &["events:read"]).await;
    let grant = "grant_type=client_credentials";
    let post = format!("{grant}&client_id={}&client_secret={}", shop.0, shop.1);
    let ask = async |client: Option<&Client>, form: &str| {
        stack.form("/v1/auth/token", client, form).await
    };
    ask(None, &post).await.expect(200);
    ask(None, &format!("{post}&resource=x&audience=y&empty="))
        .await
        .expect(200);
    let wrong = (
        shop.0.clone(),
        shared::api_key::Kind::ClientSecret.generate().unwrap(),
    );
    let other = ("svc_01h2xcejqtf2nbrexx3vqjhp41".to_owned(), shop.1.clone());
    let key = ("x".to_owned(), "y".to_owned());
    for (client, form, status, error) in [
        (None, "", 400, "invalid_request"),
        (None, grant, 401, "invalid_client"),
        (Some(&wrong), grant, 401, "invalid_client"),
        (Some(&other), grant, 401, "invalid_client"),
        (Some(&key), grant, 401, "invalid_client"),
        (
            Some(&shop),
            "grant_type=password",
            400,
            "unsupported_grant_type",
        ),
        (Some(&shop), "grant_type=", 400, "invalid_request"),
        (
            Some(&shop),
            &format!("{grant}&{grant}"),
            400,
            "invalid_request",
        ),
        (Some(&shop), &post, 400, "invalid_request"),
        (
            Some(&shop),
            &format!("{grant}&client_id={}", other.0),
            400,
            "invalid_request",
        ),
        (
            None,
            &format!("{grant}&client_secret={}", shop.1),
            400,
            "invalid_request",
        ),
    ] {
        let reply = ask(client, form).await.expect(status);
        assert_eq!(reply.body["error"], error, "{form}");
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("cache-control"), "no-store");
        for member in ["error_description", "type", "title", "correlationId"] {
            assert!(reply.body[member].is_string(), "{member}: {}", reply.text);
        }
        let challenge = reply.header("www-authenticate");
        assert_eq!(
            status == 401,
            challenge.starts_with("Basic "),
            "{challenge}"
        );
        assert!(!reply.text.contains(&shop.1));
    }
    let json = stack
        .api
        .post("/v1/auth/token")
        .json(json!({"grant_type": "client_credentials"}));
    assert_eq!(
        json.send().await.expect(400).body["error"],
        "invalid_request"
    );
    for broken in ["Basic", "Basic !!!", "Basic eDp5", "Basic eA=="] {
        let request = stack
            .api
            .post("/v1/auth/token")
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .header("authorization", broken)
            .body(grant);
        assert_eq!(
            request.send().await.expect(401).body["error"],
            "invalid_client"
        );
    }
}

#[tokio::test]
async fn au_24_a_deleted_account_and_a_replaced_secret_are_refused() {
    let (stack, owner, org) = owned("rust-conf").await;
    let shop = stack.client(&owner, org, &["organizations:read"]).await;
    let path = format!("/v1/organizations/{org}/service-accounts/{}", shop.0);
    let rotate = |seconds: i64| {
        let request = stack
            .api
            .post(&format!("{path}/rotate"))
            .token(&owner.access);
        request.json(json!({"overlapSeconds": seconds})).send()
    };
    let second = client(&rotate(60).await.expect(200));
    stack.grant(&shop, "").await.expect(200);
    stack.world.clock.advance(SignedDuration::from_secs(60));
    stack.grant(&shop, "").await.expect(401);
    let token = stack.service_token(&second).await;
    members(&stack, org, &token).await.expect(200);
    stack
        .api
        .delete(&path)
        .token(&owner.access)
        .send()
        .await
        .expect(204);
    members(&stack, org, &token).await.expect(401);
    stack.grant(&second, "").await.expect(401);
    assert!(!stack.everything().await.contains("SERVICE"));
}

#[tokio::test]
async fn au_24_gw_10_an_account_comes_from_its_networks_and_ends_in_time() {
    let (stack, owner, org) = owned("rust-conf").await;
    let end = stack.world.clock.now() + SignedDuration::from_mins(10);
    let body = json!({
        "name": "n", "role": "member", "scopes": ["organizations:read"],
        "networks": ["203.0.113.0/24"], "expiresAt": end,
    });
    let shop = client(&stack.service(&owner, org, body).await.expect(201));
    let grant = |ip: &str| {
        stack
            .api
            .post("/v1/auth/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", &basic(&shop))
            .from_ip(ip)
            .body("grant_type=client_credentials")
            .send()
    };
    let reply = grant("198.51.100.1").await.expect(403);
    assert_eq!(reply.body["error"], "unauthorized_client");
    let token = grant("203.0.113.1").await.expect(200).body["access_token"].clone();
    let path = format!("/v1/organizations/{org}/members");
    let read = |ip: &str| {
        stack
            .api
            .get(&path)
            .token(token.as_str().unwrap())
            .from_ip(ip)
            .send()
    };
    read("203.0.113.2").await.expect(200);
    read("198.51.100.1")
        .await
        .expect(403)
        .problem("address-not-allowed");
    stack.world.clock.advance(SignedDuration::from_mins(10));
    grant("203.0.113.1").await.expect(401);
}

#[tokio::test]
async fn or_04_service_accounts_of_others_are_hidden_and_lower_roles_refused() {
    let (stack, owner, org) = owned("rust-conf").await;
    let eve = stack.person("eve").await;
    let theirs = stack.organization(&eve, "eve-conf").await;
    let member = stack.member(&owner, org, "organizer").await;
    let shop = stack.client(&owner, org, &["events:read"]).await;
    let check = async |who: &Person, org: OrganizationId, status: u16| {
        let path = format!("/v1/organizations/{org}/service-accounts/{}", shop.0);
        let of = |request: shared::testing::TestRequest| request.token(&who.access).send();
        of(stack.api.get(&path)).await.expect(status);
        of(stack.api.delete(&path)).await.expect(status);
        of(stack.api.post(&format!("{path}/rotate")))
            .await
            .expect(status);
        let request = stack
            .api
            .patch(&path)
            .header("if-match", "*")
            .json(json!({"name": "x"}));
        of(request).await.expect(status);
    };
    check(&eve, org, 404).await;
    check(&eve, theirs, 404).await;
    check(&member, org, 403).await;
    let body = json!({"name": "n", "role": "member", "scopes": ["events:read"]});
    stack.service(&eve, org, body.clone()).await.expect(404);
    stack.service(&member, org, body).await.expect(403);
    let body = json!({"name": "n", "role": "owner", "scopes": ["events:read"]});
    stack.service(&owner, org, body).await.expect(400);
    // Nor does a program make or handle others.
    let token = stack
        .service_token(&stack.client(&owner, org, &["organizations:write"]).await)
        .await;
    let path = format!("/v1/organizations/{org}/service-accounts");
    let list = stack.api.get(&path).token(&token).send().await;
    list.expect(403).problem("sign-in-required");
}

/// AU-24, B1-07: as keys are.
#[tokio::test]
async fn au_24_an_account_is_given_more_after_a_recent_proof_only() {
    let (stack, owner, org) = owned("rust-conf").await;
    let shop = stack.client(&owner, org, &["organizations:read"]).await;
    stack.world.clock.advance(SignedDuration::from_mins(11));
    let path = format!("/v1/organizations/{org}/service-accounts/{}", shop.0);
    let change = |body: Value| {
        let request = stack.api.patch(&path).token(&owner.access);
        request.header("if-match", "*").json(body).send()
    };
    let more = change(json!({"scopes": ["organizations:write"]})).await;
    more.expect(403).problem("step-up-required");
    change(json!({"networks": ["203.0.113.0/24"]}))
        .await
        .expect(200);
    let more = change(json!({"networks": []})).await;
    more.expect(403).problem("step-up-required");
}
