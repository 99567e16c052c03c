//! AU-25: scopes, networks and limits of keys, in the layers around every route.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::routing::{get, post};
use jiff::SignedDuration;
use serde_json::json;
use shared::access::AccessReader;
use shared::api_key::{KeyOwner, KeyVerifier, Kind, ServiceAccess, Terms, acting};
use shared::commit::Commit;
use shared::http::{Api, Reply};
use shared::id::{ApiKeyId, OrganizationId, ServiceAccountId, SessionId, UserId};
use shared::limit::{Policies, Policy};
use shared::principal::{PlatformRole, Principal, Role};
use shared::problem::Problem;
use shared::table::Entity;
use shared::testing::{Faults, ISSUER, TestApi, World, cx};
use shared::token::Claims;
use utoipa_axum::router::OpenApiRouter;

async fn who(principal: Principal) -> Result<Reply, Problem> {
    Reply::ok(&json!({
        "userId": principal.user_id,
        "platformRole": principal.platform_role,
        "roles": principal.memberships.values().collect::<Vec<_>>(),
    }))
}

async fn maybe(principal: Option<Principal>) -> Result<Reply, Problem> {
    Reply::ok(&json!({"userId": principal.map(|principal| principal.user_id)}))
}

fn api(world: &World) -> TestApi {
    let routes = OpenApiRouter::new()
        .route("/v1/events", get(maybe).post(who))
        .route("/v1/media", get(who))
        .route("/v1/auth/session", get(who))
        .route("/v1/unheard-of", get(who))
        .route("/v1/problems", get(maybe));
    let credentials = OpenApiRouter::new()
        .route("/v1/invitations/x/accept", post(who))
        .route("/v1/auth/introspect", post(who));
    let api = Api::new(world.core.clone())
        .routes(routes)
        .credential_routes(credentials, |_, _| None);
    world.api(api.build(()))
}

async fn put<E: Entity>(world: &World, entity: &E) {
    let mut commit = Commit::new(world.access(), &cx());
    commit.put(entity);
    commit.execute().await.unwrap();
}

fn scopes(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A key with these scopes, as auth keeps it, and its text.
async fn key(world: &World, owner: KeyOwner, names: &[&str]) -> (KeyVerifier, String) {
    let text = Kind::Key.generate().unwrap();
    let verifier = KeyVerifier {
        hash: Kind::Key.hash(&text).unwrap(),
        key_id: ApiKeyId::new(),
        owner,
        scopes: scopes(names),
        terms: Terms::default(),
        expires_at: None,
    };
    put(world, &verifier).await;
    (verifier, text)
}

#[tokio::test]
async fn au_25_a_key_is_somebody_within_its_scopes_on_every_group() {
    let world = World::new().await;
    let api = api(&world);
    let organization_id = OrganizationId::new();
    let admin = world.platform(PlatformRole::Admin).await;
    world.join(&admin, organization_id, Role::Organizer).await;
    let owner = KeyOwner::User { user_id: admin.id };
    let (_, text) = key(&world, owner, &["events:write"]).await;
    let as_key = |request: shared::testing::TestRequest| request.token(&text).send();
    let reply = as_key(api.post("/v1/events")).await.expect(200);
    assert_eq!(reply.body["userId"], admin.id.to_string());
    assert_eq!(
        reply.body["platformRole"], "user",
        "never a role on the platform"
    );
    assert_eq!(reply.body["roles"], json!(["organizer"]));
    as_key(api.get("/v1/events")).await.expect(200);
    let reply = as_key(api.get("/v1/media"))
        .await
        .expect(403)
        .problem("insufficient-scope");
    assert_eq!(reply.body["requiredScope"], "media:read");
    for closed in ["/v1/auth/session", "/v1/unheard-of"] {
        as_key(api.get(closed))
            .await
            .expect(403)
            .problem("sign-in-required");
    }
    as_key(api.post("/v1/invitations/x/accept"))
        .await
        .expect(403)
        .problem("sign-in-required");
    as_key(api.post("/v1/auth/introspect")).await.expect(200);
    as_key(api.get("/v1/problems")).await.expect(200);
    as_key(api.get("/v1/none")).await.expect(404);
}

/// A route for everybody refuses a key that lacks the scope: who sends one means it.
#[tokio::test]
async fn au_25_the_scope_of_an_access_token_obeys_the_same_check() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let narrowed = world.token(&Claims {
        scope: "media:read".to_owned(),
        ..world.claims(user.id, user.session)
    });
    let reply = api.get("/v1/events").token(&narrowed).send().await;
    let challenge = reply.expect(403).problem("insufficient-scope");
    assert_eq!(
        challenge.header("www-authenticate"),
        "Bearer realm=\"plenary\", error=\"insufficient_scope\", scope=\"events:read\""
    );
    api.get("/v1/media")
        .token(&narrowed)
        .send()
        .await
        .expect(200);
    api.get("/v1/auth/session")
        .token(&narrowed)
        .send()
        .await
        .expect(403);
    api.get("/v1/unheard-of")
        .bearer(&user)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn au_25_a_revoked_or_suspended_key_is_refused_within_seconds() {
    let mut world = World::new().await;
    let faults = Faults::before(&world.db);
    let table = faults.bare_table(world.core.access.table());
    world.core.access = AccessReader::new(table, ISSUER, Duration::from_millis(200));
    let api = api(&world);
    let organization_id = OrganizationId::new();
    let role = Role::Organizer;
    let (verifier, text) = key(
        &world,
        KeyOwner::Organization {
            organization_id,
            role,
        },
        &["events:write"],
    )
    .await;
    let post = || api.post("/v1/events").token(&text).send();
    faults.calls();
    for _ in 0..5 {
        let reply = post().await.expect(200);
        assert_eq!(reply.body["userId"], verifier.acting().to_string());
    }
    assert_eq!(faults.calls().len(), 1, "one read serves them all");
    let mut commit = Commit::new(world.access(), &cx());
    commit.delete(verifier.key());
    commit.execute().await.unwrap();
    let began = std::time::Instant::now();
    while post().await.status == 200 {
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    post().await.expect(401).problem("unauthenticated");
}

/// A scope that was just given counts at once, as a role does.
#[tokio::test]
async fn au_25_a_scope_that_was_just_given_counts_at_once() {
    let mut world = World::new().await;
    let access = world.core.access.table().clone();
    world.core.access = AccessReader::new(access, ISSUER, Duration::from_mins(1));
    let (api, user) = (api(&world), world.user());
    let (verifier, text) = key(
        &world,
        KeyOwner::User { user_id: user.id },
        &["events:read"],
    )
    .await;
    api.get("/v1/media").token(&text).send().await.expect(403);
    let more = KeyVerifier {
        scopes: scopes(&["media:read"]),
        ..verifier
    };
    put(&world, &more).await;
    let began = std::time::Instant::now();
    while api.get("/v1/media").token(&text).send().await.status != 200 {
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "the new scope does not count"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn gw_10_networks_and_the_end_of_a_key() {
    let world = World::new().await;
    let (api, user) = (api(&world), world.user());
    let (verifier, text) = key(&world, KeyOwner::User { user_id: user.id }, &["media:read"]).await;
    let limited = KeyVerifier {
        terms: Terms {
            networks: "2001:db8::/32".parse().unwrap(),
            limit: None,
        },
        expires_at: Some(world.clock.now() + SignedDuration::from_mins(1)),
        ..verifier
    };
    put(&world, &limited).await;
    let from = |ip: &str| api.get("/v1/media").token(&text).from_ip(ip).send();
    from("2001:db8::7").await.expect(200);
    from("203.0.113.7")
        .await
        .expect(403)
        .problem("address-not-allowed");
    world.clock.advance(SignedDuration::from_mins(1));
    from("2001:db8::7").await.expect(401);
}

/// AU-24: without its entry in the table, no token of a service account is good,
/// and with it, no more than it says.
#[tokio::test]
async fn au_24_a_service_account_is_what_the_table_says() {
    let world = World::new().await;
    let api = api(&world);
    let id = ServiceAccountId::new();
    let claims = Claims {
        sub: id.into(),
        scope: "events:write media:read".to_owned(),
        client_id: id.to_string(),
        ..world.claims(acting(id), SessionId::new())
    };
    let token = world.token(&claims);
    let get = |path: &str| api.get(path).token(&token).send();
    get("/v1/media").await.expect(401);
    put(
        &world,
        &ServiceAccess {
            service_account_id: id,
            scopes: scopes(&["media:write"]),
            terms: Terms::default(),
        },
    )
    .await;
    let reply = get("/v1/media").await.expect(200);
    assert_eq!(reply.body["userId"], acting(id).to_string());
    assert_eq!(
        reply.header("ratelimit-policy").split(';').next(),
        Some("\"service-account\"")
    );
    get("/v1/events")
        .await
        .expect(403)
        .problem("insufficient-scope");
    // One without any scope can do nothing at all.
    let token = world.token(&Claims {
        scope: String::new(),
        ..claims
    });
    api.get("/v1/media").token(&token).send().await.expect(403);
}

/// The guide's table is the one in the code.
#[test]
fn au_25_the_guide_lists_every_scope() {
    let guide = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/developers/programs.md"
    );
    let guide = std::fs::read_to_string(guide).unwrap();
    let rows: Vec<&str> = guide
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains(':'))
        .collect();
    let wanted: Vec<String> = shared::scope::all()
        .map(|(scope, lets)| format!("| `{scope}` | {lets} |"))
        .collect();
    assert_eq!(rows, wanted);
}

async fn limited(principal: u32, ip: u32) -> World {
    let policy = |name, quota| Policy {
        name,
        quota,
        window: 60,
    };
    let policies = Policies {
        principal: policy("principal", principal),
        ip: policy("ip", ip),
        ..Policies::default()
    };
    World::limited("test", policies).await
}

/// A well-formed key costs its inventor nothing, and the table a read: not for
/// long, and nobody's good key is harmed.
#[tokio::test]
async fn gw_06_invented_keys_cost_no_read_once_they_are_too_many() {
    let mut world = limited(100, 5).await;
    let person = KeyOwner::User {
        user_id: UserId::new(),
    };
    let (_, good) = key(&world, person, &["events:read"]).await;
    let faults = Faults::before(&world.db);
    let access = faults.bare_table(world.access());
    world.core.access = AccessReader::new(access, ISSUER, Duration::ZERO);
    let api = api(&world);
    let send =
        async |ip: &str, key: &str| api.get("/v1/events").token(key).from_ip(ip).send().await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let invented = Kind::Key.generate().unwrap();
        statuses.push(send("192.0.2.1", &invented).await.status);
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert_eq!(statuses[7..], [429; 5]);
    faults.calls();
    let invented = Kind::Key.generate().unwrap();
    let refused = send("192.0.2.1", &invented).await.expect(429);
    assert_eq!(refused.body["violated-policies"], json!(["ip"]));
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(faults.calls().len(), 0);
    send("192.0.2.2", &good).await.expect(200);
    world.clock.advance(SignedDuration::from_secs(60));
    send("192.0.2.1", &good).await.expect(200);
}

/// However many keys somebody has.
#[tokio::test]
async fn gw_06_a_persons_keys_have_one_quota_together() {
    let world = limited(4, 100).await;
    let api = api(&world);
    let person = KeyOwner::User {
        user_id: UserId::new(),
    };
    let (_, one) = key(&world, person, &["events:read"]).await;
    let (_, two) = key(&world, person, &["events:read"]).await;
    let keys = [one, two];
    for at in [0, 1, 0, 1] {
        let reply = api
            .get("/v1/events")
            .token(&keys[at])
            .send()
            .await
            .expect(200);
        assert!(reply.header("ratelimit").contains("\"principal\""));
    }
    let reply = api
        .get("/v1/events")
        .token(&keys[0])
        .send()
        .await
        .expect(429);
    assert_eq!(reply.body["violated-policies"], json!(["principal"]));
}
