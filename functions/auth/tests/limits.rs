use serde_json::json;
use shared::{
    limit::{Policies, Policy},
    testing::World,
};

use crate::support::{PASSWORD, Stack};

async fn limited(quota: u32) -> Stack {
    let policy = |name, quota| Policy {
        name,
        quota,
        window: 900,
    };
    let policies = Policies {
        principal: policy("principal", 1000),
        ip_auth: policy("ip-auth", quota),
        ip: policy("ip", 1000),
        ..Policies::default()
    };
    Stack::with(World::limited("auth", policies).await, |_| ())
}

/// GW-06: each route that gives or takes a credential, exactly.
#[tokio::test]
async fn gw_06_every_credential_route_is_counted_per_address() {
    for path in [
        "/v1/auth/register",
        "/v1/auth/signup",
        "/v1/auth/login",
        "/v1/auth/forgot-password",
        "/v1/auth/reset-password",
        "/v1/auth/verify-email",
        "/v1/auth/magic-link",
        "/v1/auth/magic-link/verify",
        "/v1/auth/oauth/google/callback",
        "/v1/auth/identities/google/start",
        "/v1/auth/identities/google",
        "/v1/auth/change-password",
        "/v1/auth/change-email",
        "/v1/auth/change-email/confirm",
        "/v1/auth/mfa/totp",
        "/v1/auth/mfa/totp/confirm",
        "/v1/auth/mfa/recovery-codes",
        "/v1/auth/mfa/verify",
        "/v1/auth/step-up",
        "/v1/auth/step-up/options",
        "/v1/auth/passkeys",
        "/v1/auth/passkeys/registration/options",
        "/v1/auth/passkeys/sign-in",
        "/v1/auth/passkeys/sign-in/options",
        "/v1/invitations/junk/accept",
        "/v1/api-keys",
        "/v1/api-keys/junk/rotate",
        "/v1/organizations/junk/service-accounts",
    ] {
        let stack = limited(3).await;
        let send = |ip: &str| stack.api.post(path).from_ip(ip).json(json!({})).send();
        for left in [2, 1, 0] {
            let reply = send("203.0.113.1").await;
            assert_ne!(reply.status, 429, "{path}");
            assert_eq!(reply.header("ratelimit-policy"), "\"ip-auth\";q=3;w=900");
            assert!(
                reply
                    .header("ratelimit")
                    .starts_with(&format!("\"ip-auth\";r={left};t="))
            );
        }
        let reply = send("203.0.113.1")
            .await
            .expect(429)
            .problem("quota-exceeded");
        assert_eq!(reply.body["violated-policies"], json!(["ip-auth"]));
        assert!(reply.header("retry-after").parse::<u32>().unwrap() > 0);
        // Another address is not harmed.
        assert_ne!(send("203.0.113.2").await.status, 429, "{path}");
    }
}

#[tokio::test]
async fn gw_15_credential_routes_keep_no_reply_under_a_key() {
    let stack = limited(100).await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let register = || {
        stack
            .api
            .post("/v1/auth/register")
            .key("k")
            .json(body.clone())
            .send()
    };
    register().await.expect(201);
    register().await.expect(409).problem("email-taken");
    let login = || {
        stack
            .api
            .post("/v1/auth/login")
            .key("k")
            .json(body.clone())
            .send()
    };
    let (first, second) = (login().await.expect(200), login().await.expect(200));
    assert_ne!(first.body["refreshToken"], second.body["refreshToken"]);
    let items = stack.world.db.items(stack.world.table()).await;
    assert!(
        items
            .iter()
            .all(|item| !item["pk"].as_s().unwrap().starts_with("IDEMPOTENCY#"))
    );
}
