use http::Method;
use jiff::SignedDuration;
use plenary_auth::PROBLEMS;
use serde_json::{Value, json};
use shared::problem::COMMON;

use crate::support::{Person, Stack};

/// Every documented operation: method, path with its parameters filled in, and
/// whether everybody may call it.
fn operations() -> Vec<(Method, String, bool)> {
    let openapi = plenary_auth::openapi();
    let document = serde_json::to_value(openapi).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{organizationId}", "org_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{userId}", "user_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{sessionId}", "session_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{invitationId}", "invite_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{passkeyId}", "passkey_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{keyId}", "key_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{serviceAccountId}", "svc_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{provider}", "google")
            .replace("{purpose}", "terms")
            .replace("{operationId}", "op_01h2xcejqtf2nbrexx3vqjhp41")
            .replace("{token}", "junk");
        assert!(!path.contains('{'), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let open = operation["security"] == json!([{}]);
            all.push((method.to_uppercase().parse().unwrap(), path.clone(), open));
        }
    }
    all
}

async fn status(stack: &Stack, method: &Method, path: &str, token: Option<&str>) -> u16 {
    let request = stack.api.request(method.clone(), path).json(json!({}));
    let request = token
        .into_iter()
        .fold(request, shared::testing::TestRequest::token);
    request.send().await.status.as_u16()
}

/// GW-04, GW-23: whatever route is added falls under this by itself.
#[tokio::test]
async fn gw_04_every_route_but_the_open_ones_refuses_missing_bad_expired_and_revoked_tokens() {
    let stack = Stack::new().await;
    let expired = stack.person("expired").await;
    stack.world.clock.advance(SignedDuration::from_mins(16));
    let revoked = stack.person("revoked").await;
    stack
        .api
        .post("/v1/auth/logout")
        .token(&revoked.access)
        .send()
        .await
        .expect(204);
    let valid = stack.person("valid").await;
    let tampered = format!("{}x", valid.access);
    let operations = operations();
    let open: Vec<&str> = operations
        .iter()
        .filter(|(.., open)| *open)
        .map(|(_, path, _)| path.as_str())
        .collect();
    assert_eq!(
        open,
        [
            "/.well-known/jwks.json",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/.well-known/security.txt",
            "/v1/auth/change-email/confirm",
            "/v1/auth/change-email/confirm",
            "/v1/auth/forgot-password",
            "/v1/auth/forgot-password",
            "/v1/auth/login",
            "/v1/auth/magic-link",
            "/v1/auth/magic-link/verify",
            "/v1/auth/magic-link/verify",
            "/v1/auth/mfa/verify",
            "/v1/auth/oauth/google/callback",
            "/v1/auth/oauth/google/callback",
            "/v1/auth/oauth/google/start",
            "/v1/auth/passkeys/sign-in",
            "/v1/auth/passkeys/sign-in/options",
            "/v1/auth/refresh",
            "/v1/auth/register",
            "/v1/auth/reset-password",
            "/v1/auth/reset-password",
            "/v1/auth/revoke",
            "/v1/auth/signup",
            "/v1/auth/token",
            "/v1/auth/verify-email",
            "/v1/invitations/junk",
            "/v1/users/me/deletion/cancel",
            "/v1/users/me/deletion/cancel",
        ]
    );
    assert!(operations.len() > 25, "{}", operations.len());
    for (method, path, open) in &operations {
        let bad = [
            None,
            Some(expired.access.as_str()),
            Some(&revoked.access),
            Some(&tampered),
        ];
        for token in bad {
            let status = status(&stack, method, path, token).await;
            // Everybody may call it; who sends a token means it.
            let optional = path == "/v1/auth/verify-email" && *method == Method::POST;
            if *open || (optional && token.is_none()) {
                assert_ne!(status, 401, "{method} {path}");
            } else {
                assert_eq!(status, 401, "{method} {path}");
            }
        }
    }
}

/// GW-05: the caller is who the token says, whatever headers claim.
#[tokio::test]
async fn gw_05_headers_that_name_a_user_are_ignored() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.person("ada").await, stack.person("eve").await);
    let me = |who: &Person| {
        let request = stack.api.get("/v1/users/me").token(&who.access);
        request
            .header("x-user-id", &ada.id.to_string())
            .header("x-user-email", &ada.email)
            .send()
    };
    assert_eq!(me(&eve).await.expect(200).body["id"], eve.id.to_string());
    let anonymous = stack
        .api
        .get("/v1/users/me")
        .header("x-user-id", &ada.id.to_string());
    anonymous.send().await.expect(401);
}

#[test]
fn gw_18_the_description_names_each_operation_once_and_marks_the_aliases() {
    let openapi = plenary_auth::openapi();
    let document = serde_json::to_value(openapi).unwrap();
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            let alias = ["/signup", "/profile", "/validate", "/validate-token"]
                .iter()
                .any(|end| path.ends_with(end));
            assert_eq!(
                operation["deprecated"] == Value::Bool(true),
                alias,
                "{path}"
            );
            assert!(operation["summary"].is_string(), "{path}");
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn gw_27_this_groups_problems_have_names_of_their_own() {
    let mut slugs: Vec<&str> = PROBLEMS
        .iter()
        .chain(COMMON)
        .map(|kind| kind.slug)
        .collect();
    let count = slugs.len();
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), count);
    assert!(
        PROBLEMS
            .iter()
            .all(|kind| (400..500).contains(&kind.status))
    );
}
