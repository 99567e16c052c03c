use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use shared::{id::OrganizationId, testing::TestReply};

use crate::support::{PASSWORD, Person, Stack};

impl Stack {
    pub async fn make_key(&self, who: &Person, body: Value) -> TestReply {
        self.api
            .post("/v1/api-keys")
            .token(&who.access)
            .json(body)
            .send()
            .await
    }

    /// A key of a person: its id and text.
    pub async fn key(&self, who: &Person, scopes: &[&str]) -> (String, String) {
        let body = json!({"name": "n", "scopes": scopes});
        issued(&self.make_key(who, body).await.expect(201))
    }

    pub async fn key_of(
        &self,
        who: &Person,
        org: OrganizationId,
        role: &str,
        scopes: &[&str],
    ) -> (String, String) {
        let body = json!({"name": "n", "organizationId": org, "role": role, "scopes": scopes});
        issued(&self.make_key(who, body).await.expect(201))
    }

    pub async fn rotate_key(&self, who: &Person, id: &str, body: Value) -> TestReply {
        self.api
            .post(&format!("/v1/api-keys/{id}/rotate"))
            .token(&who.access)
            .json(body)
            .send()
            .await
    }

    /// What `GET /v1/users/me` answers to a key.
    pub async fn me_by(&self, key: &str) -> TestReply {
        self.api.get("/v1/users/me").token(key).send().await
    }
}

pub fn issued(reply: &TestReply) -> (String, String) {
    let text = |name: &str| reply.body[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

/// AU-25, AU-29: the text is in one answer and nowhere else.
#[tokio::test]
async fn au_25_a_key_is_shown_once_and_kept_by_hash() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let body = json!({"name": " Badge  printer ", "scopes": ["users:read"]});
    let reply = stack.make_key(&ada, body).await.expect(201);
    let (id, key) = issued(&reply);
    assert!(key.starts_with("plnr_key_"));
    assert_eq!(reply.header("location"), format!("/v1/api-keys/{id}"));
    assert_eq!(reply.header("cache-control"), "private, no-store");
    assert_eq!(reply.body["secrets"][0]["prefix"], key[..15]);
    assert_eq!(reply.body["userId"], ada.id.to_string());
    let read = stack
        .get(&format!("/v1/api-keys/{id}"), &ada)
        .await
        .expect(200);
    let list = stack.get("/v1/api-keys", &ada).await.expect(200);
    assert_eq!(list.body["items"][0]["id"], id.as_str());
    for text in [&read.text, &list.text, &stack.everything().await] {
        assert!(!text.contains(&key[15..]), "{text}");
    }
    let told = stack.last_event("credential.changed").await;
    assert_eq!(
        (&told["change"], &told["credentialId"]),
        (&json!("created"), &json!(id))
    );
    assert_eq!(
        stack.me_by(&key).await.expect(200).body["id"],
        ada.id.to_string()
    );
}

/// AU-25: whatever route is added falls under this by itself.
#[tokio::test]
async fn au_25_every_route_asks_a_key_for_its_scope_and_credential_routes_refuse_it() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let every: Vec<String> = shared::scope::all().map(|(scope, _)| scope).collect();
    let every: Vec<&str> = every.iter().map(String::as_str).collect();
    let (_, all) = stack.key(&ada, &every).await;
    let (_, none) = stack.key(&ada, &["tokens:introspect"]).await;
    let document = serde_json::to_value(plenary_auth::openapi()).unwrap();
    let (mut closed, mut scoped) = (0, 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        let concrete: String = path
            .split('/')
            .map(|part| match part {
                "{organizationId}" => "org_01h2xcejqtf2nbrexx3vqjhp41",
                "{userId}" => "user_01h2xcejqtf2nbrexx3vqjhp41",
                "{sessionId}" => "session_01h2xcejqtf2nbrexx3vqjhp41",
                "{invitationId}" => "invite_01h2xcejqtf2nbrexx3vqjhp41",
                "{keyId}" => "key_01h2xcejqtf2nbrexx3vqjhp41",
                "{serviceAccountId}" => "svc_01h2xcejqtf2nbrexx3vqjhp41",
                part => part,
            })
            .collect::<Vec<_>>()
            .join("/");
        for (method, operation) in item.as_object().unwrap() {
            let Some(needs) = operation["security"][0]["bearer"].as_array() else {
                continue;
            };
            let method: Method = method.to_uppercase().parse().unwrap();
            let send = |key: &str| {
                stack
                    .api
                    .request(method.clone(), &concrete)
                    .token(key)
                    .json(json!({}))
                    .send()
            };
            if let [scope] = &needs[..] {
                let reply = send(&none).await.expect(403).problem("insufficient-scope");
                assert_eq!(&reply.body["requiredScope"], scope, "{method} {path}");
                let challenge = reply.header("www-authenticate");
                assert!(
                    challenge.contains("error=\"insufficient_scope\""),
                    "{challenge}"
                );
                assert!(challenge.contains(&format!("scope={scope}")), "{challenge}");
                let reply = send(&all).await;
                assert_ne!(
                    reply.body["type"], "/v1/problems/insufficient-scope",
                    "{path}"
                );
                assert_ne!(
                    reply.body["type"], "/v1/problems/sign-in-required",
                    "{path}"
                );
                scoped += 1;
            } else if !path.ends_with("/introspect") && !path.ends_with("/revoke") {
                send(&all).await.expect(403).problem("sign-in-required");
                closed += 1;
            }
        }
    }
    assert!(
        closed > 40 && scoped >= 8,
        "{closed} closed, {scoped} with a scope"
    );
}

#[tokio::test]
async fn au_25_a_key_of_an_organisation_acts_by_its_role_and_outlives_its_maker() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let admin = stack.member(&owner, org, "admin").await;
    let (id, key) = stack
        .key_of(&admin, org, "admin", &["organizations:write"])
        .await;
    let members = format!("/v1/organizations/{org}/members");
    let path = format!("/v1/organizations/{org}");
    let rename = |name: &str| {
        let request = stack.api.patch(&path).token(&key).header("if-match", "*");
        let request = request.header("content-type", "application/merge-patch+json");
        request.json(json!({"name": name})).send()
    };
    stack.remove(&owner, org, &admin).await.expect(204);
    stack.api.get(&members).token(&key).send().await.expect(200);
    rename("By a program").await.expect(200);
    // It is no member itself, and founds nothing.
    let listed = stack.get(&members, &owner).await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    let other = json!({"name": "Mine", "slug": "mine"});
    let found = stack.api.post("/v1/organizations").token(&key).json(other);
    found.send().await.expect(404);
    // Nor does it delete its own, and is told that it is good all the same.
    let delete = stack.api.delete(&path).token(&key).send().await;
    delete.expect(403).problem("sign-in-required");
    let second = stack.organization(&owner, "second").await;
    let elsewhere = format!("/v1/organizations/{second}/members");
    stack
        .api
        .get(&elsewhere)
        .token(&key)
        .send()
        .await
        .expect(404);
    let delete = stack
        .api
        .delete(&format!("/v1/api-keys/{id}"))
        .token(&owner.access);
    delete.send().await.expect(204);
    stack.api.get(&members).token(&key).send().await.expect(401);
}

#[tokio::test]
async fn au_25_a_weak_key_can_do_no_more_than_its_role() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let (_, key) = stack
        .key_of(&owner, org, "member", &["organizations:write"])
        .await;
    let path = format!("/v1/organizations/{org}");
    let request = stack.api.patch(&path).token(&key).header("if-match", "*");
    let request = request.header("content-type", "application/merge-patch+json");
    let rename = request.json(json!({"name": "Mine"})).send().await;
    rename.expect(403).problem("forbidden");
}

/// The log tells what a key did from what its person did.
#[tokio::test]
async fn or_07_the_events_of_a_key_name_it() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let (mine, text) = stack.key(&owner, &["organizations:write"]).await;
    let path = format!("/v1/organizations/{org}");
    let rename = |token: &str, name: &str| {
        let request = stack.api.patch(&path).token(token).header("if-match", "*");
        let request = request.header("content-type", "application/merge-patch+json");
        request.json(json!({"name": name})).send()
    };
    rename(&text, "One").await.expect(200);
    rename(&owner.access, "Two").await.expect(200);
    let events = stack.world.outbox(stack.world.table()).await;
    let by: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "organization.updated")
        .map(|event| (event.actor.clone(), event.actorby.clone()))
        .collect();
    let person = Some(owner.id.to_string());
    assert_eq!(by, [(person.clone(), Some(mine)), (person, None)]);
}

/// A leaked key, also of an owner, makes nobody a member and deletes nothing.
#[tokio::test]
async fn au_25_a_key_hands_nobody_the_organisation() {
    let stack = Stack::new().await;
    let owner = stack.proven("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let member = stack.member(&owner, org, "member").await;
    let eve = stack.person("eve").await;
    let (_, mine) = stack.key(&owner, &["organizations:write"]).await;
    let (_, ours) = stack
        .key_of(&owner, org, "admin", &["organizations:write"])
        .await;
    let base = format!("/v1/organizations/{org}");
    let before = stack.everything().await.len();
    for key in [mine, ours] {
        for (method, path, body) in [
            (
                "POST",
                format!("{base}/members"),
                json!({"userId": eve.id, "role": "owner"}),
            ),
            (
                "PATCH",
                format!("{base}/members/{}", member.id),
                json!({"role": "owner"}),
            ),
            ("DELETE", format!("{base}/members/{}", member.id), json!({})),
            (
                "POST",
                format!("{base}/invitations"),
                json!({"email": "e@example.org", "role": "owner"}),
            ),
            ("DELETE", base.clone(), json!({})),
        ] {
            let request = stack
                .api
                .request(method.parse().unwrap(), &path)
                .token(&key);
            let refused = request.json(body).send().await;
            refused.expect(403).problem("sign-in-required");
        }
    }
    assert_eq!(stack.everything().await.len(), before);
}

#[tokio::test]
async fn or_04_keys_of_others_are_hidden_and_lower_roles_refused() {
    let stack = Stack::new().await;
    let (owner, eve) = (stack.person("owner").await, stack.person("eve").await);
    let org = stack.organization(&owner, "rust-conf").await;
    let member = stack.member(&owner, org, "organizer").await;
    let (mine, _) = stack.key(&owner, &["users:read"]).await;
    let (ours, _) = stack.key_of(&owner, org, "admin", &["users:read"]).await;
    let check = async |who: &Person, id: &str, status: u16| {
        let path = format!("/v1/api-keys/{id}");
        stack.get(&path, who).await.expect(status);
        stack.rotate_key(who, id, json!({})).await.expect(status);
        let request = stack.api.delete(&path).token(&who.access);
        request.send().await.expect(status);
        let request = stack
            .api
            .patch(&path)
            .token(&who.access)
            .header("if-match", "*");
        request
            .json(json!({"name": "x"}))
            .send()
            .await
            .expect(status);
    };
    check(&eve, &mine, 404).await;
    check(&eve, &ours, 404).await;
    check(&member, &mine, 404).await;
    check(&member, &ours, 403).await;
    check(&owner, "key_01h2xcejqtf2nbrexx3vqjhp41", 404).await;
    check(&owner, "junk", 404).await;
    let body =
        json!({"name": "n", "organizationId": org, "role": "member", "scopes": ["users:read"]});
    stack.make_key(&member, body.clone()).await.expect(403);
    stack.make_key(&eve, body).await.expect(404);
    let list = format!("/v1/api-keys?organizationId={org}");
    stack.get(&list, &member).await.expect(403);
    stack.get(&list, &eve).await.expect(404);
    assert_eq!(
        stack.get(&list, &owner).await.expect(200).body["items"][0]["id"],
        ours
    );
    assert_eq!(
        stack.get("/v1/api-keys", &eve).await.expect(200).body["items"],
        json!([])
    );
    // An administrator makes no key above themselves; nobody makes an owner.
    let admin = stack.member(&owner, org, "admin").await;
    let body =
        json!({"name": "n", "organizationId": org, "role": "owner", "scopes": ["users:read"]});
    let reply = stack.make_key(&owner, body).await.expect(400);
    assert_eq!(reply.body["errors"][0]["pointer"], "/role");
    stack.key_of(&admin, org, "approver", &["users:read"]).await;
}

#[tokio::test]
async fn gw_27_each_fault_of_a_key_is_named() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let body = json!({
        "name": "", "scopes": ["users:read", "everything"], "role": "member",
        "networks": ["203.0.113.1/24", "x"], "expiresAt": "2020-01-01T00:00:00Z",
        "rateLimit": {"requests": 0, "seconds": 100_000},
    });
    let reply = stack.make_key(&ada, body).await.expect(400);
    let pointers: Vec<&str> = reply.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "/organizationId",
            "/name",
            "/scopes/1",
            "/rateLimit/requests",
            "/rateLimit/seconds",
            "/networks/0",
            "/networks/1",
            "/expiresAt"
        ]
    );
    let body = json!({"name": "n", "scopes": []});
    stack.make_key(&ada, body).await.expect(400);
    assert_eq!(
        stack.get("/v1/api-keys", &ada).await.expect(200).body["items"],
        json!([])
    );
}

#[tokio::test]
async fn au_15_25_a_reset_ends_the_keys_that_a_thief_may_have_made() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let (_, key) = stack.key(&ada, &["users:read"]).await;
    let post = |path: &'static str, body: Value| stack.api.post(path).json(body).send();
    post("/v1/auth/forgot-password", json!({"email": ada.email}))
        .await
        .expect(202);
    let token = stack.mailed("reset-password").await;
    let body = json!({"token": token, "newPassword": format!("{PASSWORD} again")});
    post("/v1/auth/reset-password", body).await.expect(204);
    stack.me_by(&key).await.expect(401);
    assert_eq!(
        stack.last_event("credential.changed").await["change"],
        "revoked"
    );
}

/// AU-25: an ended session is remembered as good for seconds; a key made then
/// would outlive it.
#[tokio::test]
async fn au_25_no_key_is_made_in_a_session_that_has_ended() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let principal = stack.app.access.authenticate(&ada.access).await.unwrap();
    let mut commit = shared::commit::Commit::new(stack.world.table(), &shared::testing::cx());
    let (user, session) = (principal.user_id, principal.session_id);
    commit.delete(shared::table::Key::new(
        format!("USER#{user}"),
        format!("SESSION#{session}"),
    ));
    commit.execute().await.unwrap();
    let body = json!({"name": "n", "scopes": ["users:read"]});
    stack
        .make_key(&ada, body)
        .await
        .expect(401)
        .problem("unauthenticated");
}

#[tokio::test]
async fn au_25_a_deleted_organisation_leaves_no_key_behind() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let mut keys = Vec::new();
    for _ in 0..12 {
        let (id, key) = stack
            .key_of(&owner, org, "admin", &["organizations:read"])
            .await;
        stack.rotate_key(&owner, &id, json!({})).await.expect(200);
        keys.push(key);
    }
    let path = format!("/v1/organizations/{org}");
    stack
        .api
        .delete(&path)
        .token(&owner.access)
        .send()
        .await
        .expect(204);
    for key in &keys {
        stack.api.get(&path).token(key).send().await.expect(401);
    }
    let left = stack.everything().await;
    assert!(
        !left.contains("APIKEY#") && !left.contains("PROGRAM"),
        "{left}"
    );
}

#[tokio::test]
async fn au_25_there_is_an_end_to_the_keys_of_one_owner() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let mut last = String::new();
    for _ in 0..49 {
        last = stack.key(&ada, &["users:read"]).await.0;
    }
    let body = json!({"name": "n", "scopes": ["users:read"]});
    let two = join_all((0..2).map(|_| stack.make_key(&ada, body.clone()))).await;
    let mut statuses: Vec<u16> = two.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let delete = stack
        .api
        .delete(&format!("/v1/api-keys/{last}"))
        .token(&ada.access);
    delete.send().await.expect(204);
    stack.make_key(&ada, body).await.expect(201);
    let first = stack.get("/v1/api-keys?limit=50", &ada).await.expect(200);
    assert_eq!(first.body["items"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn au_25_what_only_looks_like_a_key_is_refused_without_a_read() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let (_, key) = stack.key(&ada, &["users:read"]).await;
    let other = shared::api_key::Kind::Key.generate().unwrap();
    let mistyped = format!("{}{}", &key[..20], key[20..].to_lowercase());
    for bad in [
        &other,
        &mistyped,
        &key[..50],
        &format!("{key}x"),
        "plnr_key_",
    ] {
        let reply = stack
            .me_by(bad)
            .await
            .expect(401)
            .problem("unauthenticated");
        assert!(reply.header("www-authenticate").contains("invalid_token"));
    }
    let elsewhere = stack.api.get("/v1/users/me").header("x-api-key", &key);
    elsewhere.send().await.expect(401);
}
