//! GW-06: rate limits.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;
use shared::limit::{Limiter, Policies, Policy};
use shared::testing::{Fault, Faults, World};

use crate::routes::api;

fn policy(name: &'static str, quota: u32, window: u32) -> Policy {
    Policy {
        name,
        quota,
        window,
    }
}

async fn world(principal: u32, ip_auth: u32, ip: u32) -> World {
    let policies = Policies {
        principal: policy("principal", principal, 60),
        ip_auth: policy("ip-auth", ip_auth, 60),
        ip: policy("ip", ip, 60),
        ..Policies::default()
    };
    World::limited("test", policies).await
}

async fn allowed(limiter: &Limiter, policy: &Policy, leased: bool, tries: u32) -> u32 {
    let mut allowed = 0;
    for _ in 0..tries {
        let verdict = if leased {
            limiter.count_leased(policy, "s").await
        } else {
            limiter.count(policy, "s").await
        };
        allowed += u32::from(verdict.unwrap().allowed);
    }
    allowed
}

#[tokio::test]
async fn gw_06_exactly_the_quota_for_every_quota() {
    let world = world(1, 1, 1).await;
    for (i, (quota, window)) in [(1, 60), (3, 1), (7, 60), (100, 900), (290, 60)]
        .into_iter()
        .enumerate()
    {
        for leased in [false, true] {
            let limiter = Limiter::new(world.db.table("limits").await);
            let policy = policy("p", quota, window);
            assert_eq!(
                allowed(&limiter, &policy, leased, quota + 20).await,
                quota,
                "case {i}, {leased}"
            );
        }
    }
}

#[tokio::test]
async fn gw_06_racing_requests_get_no_more_than_the_quota() {
    let world = world(1, 1, 1).await;
    let table = world.db.table("limits").await;
    let policy = policy("p", 30, 60);
    for leased in [false, true] {
        let (one, two) = (Limiter::new(table.clone()), Limiter::new(table.clone()));
        let subject = if leased { "leased" } else { "exact" };
        let verdicts = join_all((0..80).map(|i| {
            let limiter = if i % 2 == 0 { &one } else { &two };
            let policy = &policy;
            async move {
                if leased {
                    limiter.count_leased(policy, subject).await
                } else {
                    limiter.count(policy, subject).await
                }
            }
        }))
        .await;
        let through = verdicts
            .iter()
            .flatten()
            .filter(|verdict| verdict.allowed)
            .count();
        assert!((20..=30).contains(&through), "{through}");
    }
    // Two instances that take turns leave nothing of a lease unused.
    let (one, two) = (Limiter::new(table.clone()), Limiter::new(table));
    let mut through = 0;
    for _ in 0..40 {
        for limiter in [&one, &two] {
            through += u32::from(
                limiter
                    .count_leased(&policy, "turns")
                    .await
                    .unwrap()
                    .allowed,
            );
        }
    }
    assert_eq!(through, 30);
}

#[tokio::test]
async fn gw_06_the_bucket_fills_again_and_retry_after_is_honest() {
    let world = world(1, 1, 1).await;
    let limiter = Limiter::new(world.db.table("limits").await);
    let policy = policy("p", 10, 60);
    assert_eq!(allowed(&limiter, &policy, false, 12).await, 10);
    let refused = limiter.count(&policy, "s").await.unwrap();
    assert_eq!(
        (refused.allowed, refused.remaining, refused.reset),
        (false, 0, 6)
    );
    world.clock.advance(SignedDuration::from_millis(5_999));
    let early = limiter.count(&policy, "s").await.unwrap();
    assert_eq!((early.allowed, early.reset), (false, 1));
    world.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(allowed(&limiter, &policy, false, 3).await, 1);
    world.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(allowed(&limiter, &policy, false, 9).await, 5);
    world.clock.advance(SignedDuration::from_hours(5));
    assert_eq!(
        allowed(&limiter, &policy, false, 15).await,
        10,
        "no more than the quota gathers"
    );
}

#[tokio::test]
async fn gw_06_credentials_are_counted_exactly_per_address() {
    let world = world(100, 3, 100).await;
    let api = api(&world);
    let send = async |ip: &str| api.post("/v1/sign-in").from_ip(ip).send().await;
    for left in [2, 1, 0] {
        let reply = send("192.0.2.1").await.expect(401);
        assert_eq!(reply.header("ratelimit-policy"), "\"ip-auth\";q=3;w=60");
        assert!(
            reply
                .header("ratelimit")
                .starts_with(&format!("\"ip-auth\";r={left};t=")),
            "{reply:?}"
        );
    }
    let reply = send("192.0.2.1")
        .await
        .expect(429)
        .problem("quota-exceeded");
    assert_eq!(
        (reply.header("retry-after"), reply.header("ratelimit")),
        ("20", "\"ip-auth\";r=0;t=20")
    );
    assert_eq!(reply.body["violated-policies"], json!(["ip-auth"]));
    assert_eq!(reply.body["detail"], "Too many requests from this IP.");
    send("192.0.2.2").await.expect(401);
    world.clock.advance(SignedDuration::from_secs(20));
    send("192.0.2.1").await.expect(401);
    send("192.0.2.1").await.expect(429);
    api.get("/v1/probe")
        .from_ip("192.0.2.1")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn gw_06_a_principal_has_a_quota_of_its_own() {
    let world = world(5, 100, 2).await;
    let (api, user, other) = (api(&world), world.user(), world.user());
    for _ in 0..5 {
        api.get("/v1/me")
            .bearer(&user)
            .from_ip("192.0.2.1")
            .send()
            .await
            .expect(200);
    }
    let reply = api
        .get("/v1/me")
        .bearer(&user)
        .from_ip("192.0.2.9")
        .send()
        .await
        .expect(429);
    assert_eq!(reply.body["violated-policies"], json!(["principal"]));
    api.get("/v1/me")
        .bearer(&other)
        .from_ip("192.0.2.1")
        .send()
        .await
        .expect(200);
    for status in [200, 200, 429] {
        api.get("/v1/open")
            .from_ip("192.0.2.1")
            .send()
            .await
            .expect(status);
    }
    // A bad token counts against the address, as none does.
    api.get("/v1/me")
        .token("x.y.z")
        .from_ip("192.0.2.1")
        .send()
        .await
        .expect(429);
}

#[tokio::test]
async fn gw_06_a_limiter_that_fails_lets_through() {
    let mut world = world(1, 1, 1).await;
    let faults = Faults::before(&world.db);
    faults.always(Some(Fault::error(400, "AccessDeniedException")));
    world.core.limiter = Limiter::new(faults.bare_table(&world.core.table));
    let (api, user) = (api(&world), world.user());
    for _ in 0..3 {
        api.get("/v1/me").bearer(&user).send().await.expect(200);
        let reply = api.post("/v1/sign-in").send().await.expect(401);
        assert_eq!(reply.header("ratelimit"), "");
    }
    faults.always(Some(Fault::Hang));
    api.get("/v1/open").send().await.expect(200);
}

#[tokio::test]
async fn gw_06_whoever_comes_from_rest_costs_one_write_and_a_flood_none() {
    let world = world(1, 1, 1).await;
    let faults = Faults::before(&world.db);
    let limiter = Limiter::new(faults.bare_table(&world.db.table("limits").await));
    let policy = policy("p", 5, 900);
    assert_eq!(allowed(&limiter, &policy, false, 1).await, 1);
    assert_eq!(faults.calls().len(), 1);
    assert_eq!(allowed(&limiter, &policy, false, 4).await, 4);
    assert_eq!(faults.calls().len(), 4);
    assert_eq!(allowed(&limiter, &policy, false, 100).await, 0);
    assert_eq!(faults.calls().len(), 0);
}

/// A page sends many requests at once, and each meets another instance.
#[tokio::test]
async fn gw_06_requests_that_meet_another_instance_each_get_the_whole_quota() {
    let world = world(1, 1, 1).await;
    let table = world.db.table("limits").await;
    let policy = policy("p", 100, 60);
    let mut through = 0;
    for _ in 0..120 {
        let fresh = Limiter::new(table.clone());
        through += allowed(&fresh, &policy, true, 1).await;
    }
    assert_eq!(through, 100);
}

/// Nor do a few such pages one after the other find a quota that lies unused
/// in other instances.
#[tokio::test]
async fn gw_06_leases_elsewhere_leave_enough_for_the_next_page() {
    let world = world(1, 1, 1).await;
    let table = world.db.table("limits").await;
    let policy = policy("p", 100, 60);
    let instances: Vec<Limiter> = (0..12).map(|_| Limiter::new(table.clone())).collect();
    for page in 0..4 {
        for limiter in &instances {
            assert_eq!(allowed(limiter, &policy, true, 1).await, 1, "page {page}");
        }
    }
}

#[tokio::test]
async fn gw_06_a_visit_of_ten_requests_costs_two_writes() {
    let world = world(1, 1, 1).await;
    let faults = Faults::before(&world.db);
    let limiter = Limiter::new(faults.bare_table(&world.db.table("limits").await));
    let policy = policy("p", 100, 60);
    assert_eq!(allowed(&limiter, &policy, true, 10).await, 10);
    assert_eq!(faults.calls().len(), 2);
    // After a pause it begins with one again.
    world.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(allowed(&limiter, &policy, true, 1).await, 1);
    assert_eq!(faults.calls().len(), 1);
    let verdict = limiter.count(&policy, "s").await.unwrap();
    assert_eq!(verdict.remaining, 98);
}

#[tokio::test]
async fn gw_06_tokens_are_counted_per_address_generously_and_per_token() {
    let policies = Policies {
        ip_token: policy("ip-token", 6, 60),
        token: policy("token", 3, 60),
        ..Policies::default()
    };
    let world = World::limited("test", policies).await;
    let api = api(&world);
    let send = async |ip: &str, id: &str| {
        let request = api.post("/v1/token").from_ip(ip);
        request.json(json!({"id": id})).send().await
    };
    for left in [2, 1, 0] {
        let reply = send("192.0.2.1", "a").await.expect(401);
        assert_eq!(
            reply.header("ratelimit-policy"),
            "\"ip-token\";q=6;w=60, \"token\";q=3;w=60"
        );
        let seen = reply.header("ratelimit");
        assert!(seen.contains(&format!(", \"token\";r={left};t=")), "{seen}");
    }
    for ip in ["192.0.2.1", "192.0.2.2"] {
        let reply = send(ip, "a").await.expect(429).problem("quota-exceeded");
        assert_eq!(reply.body["violated-policies"], json!(["token"]));
        assert!(reply.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    for _ in 0..2 {
        send("192.0.2.1", "b").await.expect(401);
    }
    let reply = send("192.0.2.1", "b").await.expect(429);
    assert_eq!(reply.body["violated-policies"], json!(["ip-token"]));
    send("192.0.2.2", "b").await.expect(401);
    // The limits for credentials are others.
    api.post("/v1/sign-in")
        .from_ip("192.0.2.1")
        .send()
        .await
        .expect(401);
}
