//! B1-09: limits, rotation, end and last use of API keys.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    limit::{Policies, Policy},
    testing::World,
};

use crate::{api_keys::issued, support::Stack};

#[tokio::test]
async fn b1_09_a_key_has_a_limit_of_its_own_and_shows_it() {
    let policy = |name, quota| Policy {
        name,
        quota,
        window: 60,
    };
    let policies = Policies {
        principal: policy("principal", 20),
        ip_auth: policy("ip-auth", 100),
        ip: policy("ip", 100),
        ..Policies::default()
    };
    let stack = Stack::with(World::limited("auth", policies).await, |_| ());
    let ada = stack.person("ada").await;
    let limit = json!({"requests": 2, "seconds": 60});
    let body = json!({"name": "n", "scopes": ["users:read"], "rateLimit": limit});
    let (id, key) = issued(&stack.make_key(&ada, body).await.expect(201));
    let (_, other) = stack.key(&ada, &["users:read"]).await;
    for left in [1, 0] {
        let reply = stack.me_by(&key).await.expect(200);
        assert_eq!(
            reply.header("ratelimit-policy"),
            "\"api-key\";q=2;w=60, \"principal\";q=20;w=60"
        );
        assert!(
            reply
                .header("ratelimit")
                .starts_with(&format!("\"api-key\";r={left};"))
        );
    }
    let reply = stack
        .me_by(&key)
        .await
        .expect(429)
        .problem("quota-exceeded");
    assert_eq!(reply.body["violated-policies"], json!(["api-key"]));
    // Neither another key nor its owner is harmed, and no key exceeds the general limit.
    let reply = stack.me_by(&other).await.expect(200);
    assert_eq!(
        reply.header("ratelimit-policy"),
        "\"api-key\";q=20;w=60, \"principal\";q=20;w=60"
    );
    let reply = stack.get("/v1/users/me", &ada).await.expect(200);
    assert_eq!(reply.header("ratelimit-policy"), "\"principal\";q=20;w=60");
    let change = json!({"rateLimit": {"requests": 1000, "seconds": 1}});
    let patch = stack
        .api
        .patch(&format!("/v1/api-keys/{id}"))
        .token(&ada.access);
    let patch = patch.header("if-match", "*").json(change).send().await;
    patch.expect(200);
    let reply = stack.me_by(&key).await;
    let policy = reply.header("ratelimit-policy");
    assert!(policy.starts_with("\"api-key\";q=20;w=60"), "{policy}");
}

#[tokio::test]
async fn b1_09_the_old_text_works_until_the_overlap_is_over() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let (id, first) = stack.key(&ada, &["users:read"]).await;
    let reply = stack
        .rotate_key(&ada, &id, json!({"overlapSeconds": 300}))
        .await
        .expect(200);
    let (same, second) = issued(&reply);
    assert_eq!(same, id);
    assert_eq!(reply.body["secrets"].as_array().unwrap().len(), 2);
    let pass = |minutes| {
        stack
            .world
            .clock
            .advance(SignedDuration::from_mins(minutes));
    };
    pass(4);
    stack.me_by(&first).await.expect(200);
    stack.me_by(&second).await.expect(200);
    pass(1);
    stack.me_by(&first).await.expect(401);
    stack.me_by(&second).await.expect(200);
    // A lost answer is no outage: rotating again leaves what is in use alone.
    stack.rotate_key(&ada, &id, json!({})).await.expect(200);
    stack.rotate_key(&ada, &id, json!({})).await.expect(200);
    stack.me_by(&second).await.expect(200);
    let (_, last) = issued(
        &stack
            .rotate_key(&ada, &id, json!({"overlapSeconds": 0}))
            .await
            .expect(200),
    );
    stack.me_by(&second).await.expect(401);
    stack.me_by(&last).await.expect(200);
    for bad in [-1, 2_592_001] {
        let reply = stack
            .rotate_key(&ada, &id, json!({"overlapSeconds": bad}))
            .await
            .expect(400);
        assert_eq!(reply.body["errors"][0]["pointer"], "/overlapSeconds");
    }
    for _ in 0..4 {
        stack.rotate_key(&ada, &id, json!({})).await.expect(200);
    }
    stack
        .rotate_key(&ada, &id, json!({}))
        .await
        .expect(409)
        .problem("too-many-secrets");
}

#[tokio::test]
async fn b1_09_of_racing_rotations_each_text_that_was_given_out_works() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let (id, first) = stack.key(&ada, &["users:read"]).await;
    let replies = join_all((0..4).map(|_| stack.rotate_key(&ada, &id, json!({})))).await;
    let mut done = 0;
    for reply in replies {
        if reply.status == 200 {
            stack.me_by(&issued(&reply).1).await.expect(200);
            done += 1;
        } else {
            reply.expect(412);
        }
    }
    assert!(done >= 1);
    stack.me_by(&first).await.expect(200);
}

#[tokio::test]
async fn b1_09_a_key_ends_by_itself_and_can_be_given_more_time() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let end = stack.world.clock.now() + SignedDuration::from_hours(2);
    let body = json!({"name": "n", "scopes": ["users:read"], "expiresAt": end});
    let (id, key) = issued(&stack.make_key(&ada, body).await.expect(201));
    stack.world.clock.advance(SignedDuration::from_mins(119));
    stack.me_by(&key).await.expect(200);
    stack.world.clock.advance(SignedDuration::from_mins(1));
    stack.me_by(&key).await.expect(401);
    let ada = stack.refresh(&ada.refresh).await.expect(200);
    let token = ada.body["accessToken"].as_str().unwrap();
    stack.prove_again(token).await;
    let change = |body: Value| {
        let patch = stack.api.patch(&format!("/v1/api-keys/{id}")).token(token);
        patch.header("if-match", "*").json(body).send()
    };
    change(json!({"expiresAt": end})).await.expect(200);
    stack.me_by(&key).await.expect(401);
    let later = stack.world.clock.now() + SignedDuration::from_hours(1);
    change(json!({"expiresAt": later})).await.expect(200);
    stack.me_by(&key).await.expect(200);
    change(json!({"expiresAt": null})).await.expect(200);
    stack.world.clock.advance(SignedDuration::from_hours(2));
    stack.me_by(&key).await.expect(200);
}

/// B1-09: the limiter's bucket knows, so that no request pays for it.
#[tokio::test]
async fn b1_09_when_a_key_was_used_last_costs_no_write() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let (id, key) = stack.key(&ada, &["users:read"]).await;
    let path = format!("/v1/api-keys/{id}");
    let unused = stack.get(&path, &ada).await.expect(200);
    assert_eq!(unused.body["lastUsedAt"], Value::Null);
    let items = async || {
        let own = stack.world.db.items(stack.world.table()).await;
        (own, stack.world.db.items(stack.world.access()).await)
    };
    let before = items().await;
    stack.world.clock.advance(SignedDuration::from_mins(3));
    let at = stack.world.clock.now();
    stack.me_by(&key).await.expect(200);
    assert!(items().await == before, "neither table was written");
    stack.world.clock.advance(SignedDuration::from_mins(3));
    let used = stack.get(&path, &ada).await.expect(200);
    assert_eq!(used.body["lastUsedAt"], json!(at));
    assert_ne!(used.header("etag"), unused.header("etag"));
    let listed = stack.get("/v1/api-keys", &ada).await.expect(200);
    assert_eq!(listed.body["items"][0]["lastUsedAt"], json!(at));
}
