//! GW-10: administrators of the platform work from the operator's networks alone.

use std::sync::Arc;

use axum::routing::get;
use serde_json::json;
use shared::http::{Api, Reply};
use shared::id::OrganizationId;
use shared::principal::{Permission, PlatformRole, Principal, Role};
use shared::problem::Problem;
use shared::testing::{TestApi, TestUser, World};
use utoipa_axum::router::OpenApiRouter;

const OFFICE: &str = "203.0.113.7";
const CAFE: &str = "198.51.100.7";
const ELSEWHERE: &str = "administrator-address-not-allowed";

async fn administrate(principal: Principal) -> Result<Reply, Problem> {
    principal.require_administrator()?;
    Reply::ok(&json!({}))
}

/// As a route might that does not know of networks.
async fn look(principal: Principal) -> Result<Reply, Problem> {
    if principal.platform_role < PlatformRole::Admin {
        return Err(Problem::forbidden("This is for administrators."));
    }
    Reply::ok(&json!({}))
}

async fn who(principal: Option<Principal>) -> Result<Reply, Problem> {
    Reply::ok(&json!({"platformRole": principal.map(|one| one.platform_role)}))
}

fn api(world: &World, organization: OrganizationId) -> TestApi {
    let manage = move |principal: Principal| async move {
        principal.require(Permission::OrganizationManage, organization)?;
        Reply::ok(&json!({}))
    };
    let routes = OpenApiRouter::new()
        .route("/v1/administrate", get(administrate))
        .route("/v1/look", get(look))
        .route("/v1/who", get(who))
        .route("/v1/manage", get(manage));
    world.api(Api::new(world.core.clone()).routes(routes).build(()))
}

async fn world(networks: &str) -> World {
    let mut world = World::new().await;
    Arc::make_mut(&mut world.core.config).admin_networks = networks.parse().unwrap();
    world
}

async fn status(api: &TestApi, user: &TestUser, path: &str, ip: &str) -> u16 {
    let request = api.get(path).token(&user.token).from_ip(ip);
    request.send().await.status.as_u16()
}

#[tokio::test]
async fn gw_10_an_administrator_from_elsewhere_is_an_ordinary_user() {
    let world = world("203.0.113.0/24,2001:db8::/32").await;
    let organization = OrganizationId::new();
    let api = api(&world, organization);
    let admin = world.platform(PlatformRole::Admin).await;
    let owner = world.platform(PlatformRole::Owner).await;
    for who in [&admin, &owner] {
        for path in ["/v1/administrate", "/v1/look", "/v1/manage"] {
            for ip in [OFFICE, "2001:db8::7", "::ffff:203.0.113.7"] {
                assert_eq!(status(&api, who, path, ip).await, 200, "{path} {ip}");
            }
            for ip in [CAFE, "2001:db9::7", "unknown"] {
                assert_eq!(status(&api, who, path, ip).await, 403, "{path} {ip}");
            }
        }
        let from = |ip| api.get("/v1/who").token(&who.token).from_ip(ip).send();
        assert_eq!(from(CAFE).await.expect(200).body["platformRole"], "user");
        assert_ne!(from(OFFICE).await.expect(200).body["platformRole"], "user");
    }
    // Who is told why, also where others learn of nothing.
    for path in ["/v1/administrate", "/v1/manage"] {
        let request = api.get(path).token(&owner.token).from_ip(CAFE);
        request.send().await.expect(403).problem(ELSEWHERE);
    }
}

/// What a header says of the address counts for nothing.
#[tokio::test]
async fn gw_10_no_header_brings_an_administrator_home() {
    let world = world("203.0.113.0/24").await;
    let api = api(&world, OrganizationId::new());
    let owner = world.platform(PlatformRole::Owner).await;
    for header in [
        "x-forwarded-for",
        "x-real-ip",
        "cloudfront-viewer-address",
        "forwarded",
    ] {
        let request = api.get("/v1/administrate").token(&owner.token);
        let request = request.from_ip(CAFE).header(header, OFFICE);
        request.send().await.expect(403).problem(ELSEWHERE);
    }
}

/// Rights in an organisation come from its members, not from the operator.
#[tokio::test]
async fn gw_10_everybody_else_works_from_everywhere() {
    let world = world("203.0.113.0/24").await;
    let organization = OrganizationId::new();
    let api = api(&world, organization);
    let (head, admin) = (world.user(), world.platform(PlatformRole::Admin).await);
    for person in [&head, &admin] {
        world.join(person, organization, Role::Owner).await;
        assert_eq!(status(&api, person, "/v1/manage", CAFE).await, 200);
    }
    let refused = api.get("/v1/administrate").token(&head.token).from_ip(CAFE);
    refused.send().await.expect(403).problem("forbidden");
    let refused = api
        .get("/v1/manage")
        .token(&world.user().token)
        .from_ip(CAFE);
    refused.send().await.expect(404);
    let moderator = world.platform(PlatformRole::Moderator).await;
    let from = api.get("/v1/who").token(&moderator.token).from_ip(CAFE);
    assert_eq!(from.send().await.body["platformRole"], "moderator");
}
