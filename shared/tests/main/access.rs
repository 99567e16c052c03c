//! GW-04: who a token makes somebody, and what happens when that cannot be read.

use std::time::Duration;

use axum::routing::get;
use shared::access::{AccessReader, UserAccess};
use shared::commit::Commit;
use shared::http::Api;
use shared::id::OrganizationId;
use shared::principal::{Permission, PlatformRole, Principal, Role};
use shared::problem::Problem;
use shared::testing::{Fault, Faults, ISSUER, TestUser, World, cx};
use shared::token::{Signer, new_key};

use utoipa_axum::router::OpenApiRouter;

use crate::routes::api;

fn through(world: &mut World, faults: &Faults, remember: Duration) {
    let table = faults.bare_table(world.core.access.table());
    world.core.access = AccessReader::new(table, ISSUER, remember);
}

#[tokio::test]
async fn gw_04_a_revoked_session_and_a_suspended_person_are_refused() {
    let world = World::new().await;
    let (api, user, other) = (api(&world), world.user(), world.user());
    let second = TestUser {
        token: world.token(&world.claims(user.id, shared::id::SessionId::new())),
        ..user.clone()
    };
    api.get("/v1/me").bearer(&user).send().await.expect(200);
    world.revoke(&user).await;
    let reply = api.get("/v1/me").bearer(&user).send().await.expect(401);
    assert!(reply.header("www-authenticate").contains("revoked"));
    api.get("/v1/me").bearer(&second).send().await.expect(200);
    let mut commit = Commit::new(world.core.access.table(), &cx());
    commit.put(&UserAccess {
        user_id: user.id,
        platform_role: PlatformRole::User,
        suspended: true,
        leaving: false,
    });
    commit.execute().await.unwrap();
    api.get("/v1/me").bearer(&second).send().await.expect(401);
    api.get("/v1/me").bearer(&other).send().await.expect(200);
}

#[tokio::test]
async fn gw_04_roles_come_from_the_table() {
    let world = World::new().await;
    let organization = OrganizationId::new();
    let user = world.member(organization, Role::Organizer).await;
    let principal = world.core.access.authenticate(&user.token).await.unwrap();
    assert_eq!(principal.role_in(organization), Some(Role::Organizer));
    world.join(&user, organization, Role::Admin).await;
    let principal = world.core.access.authenticate(&user.token).await.unwrap();
    assert_eq!(principal.role_in(organization), Some(Role::Admin));
    let admin = world.platform(PlatformRole::Admin).await;
    let principal = world.core.access.authenticate(&admin.token).await.unwrap();
    assert_eq!(principal.platform_role, PlatformRole::Admin);
}

#[tokio::test]
async fn gw_04_what_was_read_is_believed_for_a_while_only() {
    let mut world = World::new().await;
    let faults = Faults::before(&world.db);
    through(&mut world, &faults, Duration::from_mins(1));
    let user = world.user();
    for _ in 0..5 {
        world.core.access.authenticate(&user.token).await.unwrap();
    }
    assert_eq!(faults.calls().len(), 2, "the keys once, the person once");
    // Unknown key ids cost at most one read in ten seconds.
    for _ in 0..5 {
        let (pkcs8, key) = new_key(world.clock.now()).unwrap();
        let forged = Signer::new(&key.kid, &pkcs8)
            .sign(&world.claims(user.id, user.session))
            .unwrap();
        let problem = world.core.access.authenticate(&forged).await.unwrap_err();
        assert_eq!(problem.status(), 401);
    }
    assert_eq!(faults.calls().len(), 0);
}

#[tokio::test]
async fn gw_04_a_new_key_is_found_when_it_is_met() {
    let world = World::new().await;
    let user = world.user();
    world.core.access.authenticate(&user.token).await.unwrap();
    let (pkcs8, key) = new_key(world.clock.now()).unwrap();
    let token = Signer::new(&key.kid, &pkcs8)
        .sign(&world.claims(user.id, user.session))
        .unwrap();
    assert_eq!(
        world
            .core
            .access
            .authenticate(&token)
            .await
            .unwrap_err()
            .status(),
        401
    );
    let mut commit = Commit::new(world.core.access.table(), &cx());
    commit.put(&key);
    commit.execute().await.unwrap();
    world.core.access.authenticate(&token).await.unwrap();
    // A key id of ours with another's signature.
    let forged = Signer::new(&key.kid, &new_key(world.clock.now()).unwrap().0);
    let forged = forged.sign(&world.claims(user.id, user.session)).unwrap();
    assert_eq!(
        world
            .core
            .access
            .authenticate(&forged)
            .await
            .unwrap_err()
            .status(),
        401
    );
}

#[tokio::test]
async fn gw_04_a_read_that_fails_twice_lets_nobody_in_and_stops_nobody_else() {
    let mut world = World::new().await;
    let faults = Faults::before(&world.db);
    through(&mut world, &faults, Duration::ZERO);
    let (api, user) = (api(&world), world.user());
    let denied = || Fault::error(400, "AccessDeniedException");
    faults.next([denied()]);
    api.get("/v1/me").bearer(&user).send().await.expect(200);
    faults.next([denied(), denied()]);
    let reply = api
        .get("/v1/me")
        .bearer(&user)
        .send()
        .await
        .expect(503)
        .problem("unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    faults.always(Some(denied()));
    api.get("/v1/me").bearer(&user).send().await.expect(503);
    api.get("/v1/optional")
        .bearer(&user)
        .send()
        .await
        .expect(503);
    api.get("/v1/optional").send().await.expect(200);
    api.get("/v1/open").send().await.expect(200);
}

/// OR-02: who founds an organisation, or is let in, need not wait until what
/// an instance remembers is old; what is taken away still holds for seconds.
#[tokio::test]
async fn or_02_rights_that_were_just_given_count_at_once() {
    let mut world = World::new().await;
    let faults = Faults::before(&world.db);
    through(&mut world, &faults, Duration::from_mins(1));
    let organization = OrganizationId::new();
    let inside = async move |principal: Principal| {
        if principal.can(Permission::EventCreate, organization) {
            Ok("inside")
        } else {
            Err(Problem::forbidden("For members."))
        }
    };
    let routes = OpenApiRouter::new().route("/v1/inside", get(inside));
    let api = world.api(Api::new(world.core.clone()).routes(routes).build(()));
    let user = world.user();
    api.get("/v1/inside").bearer(&user).send().await.expect(403);
    world.join(&user, organization, Role::Organizer).await;
    let mut tries = 0;
    while api.get("/v1/inside").bearer(&user).send().await.status != 200 {
        tries += 1;
        assert!(tries < 20, "the new role does not count");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Whoever is refused rightly is refused after one more read.
    let other = world.user();
    api.get("/v1/inside")
        .bearer(&other)
        .send()
        .await
        .expect(403);
}
