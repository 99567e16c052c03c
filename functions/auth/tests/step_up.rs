//! Step-up: what is sensitive asks for a recent proof on the same session.

use serde_json::{Value, json};
use shared::testing::TestReply;

use crate::support::{PASSWORD, Person, Stack};

const STEP_UP: &str = "/v1/auth/step-up";
const OTHER: &str = "seven quiet lanterns above";

impl Stack {
    /// The same session with new tokens.
    async fn renewed(&self, who: &Person) -> Person {
        let reply = self.refresh(&who.refresh).await.expect(200);
        let text = |name: &str| reply.body[name].as_str().unwrap().to_owned();
        Person {
            access: text("accessToken"),
            refresh: text("refreshToken"),
            ..who.clone()
        }
    }
}

#[track_caller]
fn refused(reply: TestReply, methods: Value) {
    let reply = reply.expect(403).problem("step-up-required");
    assert_eq!(reply.body["methods"], methods);
    assert_eq!(reply.body["maxAge"], 600);
}

#[tokio::test]
async fn b1_07_an_old_proof_is_refreshed_on_the_same_session() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let enrol = "/v1/auth/mfa/totp";
    stack.pass(599);
    stack.post(&ada, enrol, json!({})).await.expect(200);
    stack.pass(1);
    refused(
        stack.post(&ada, enrol, json!({})).await,
        json!(["password"]),
    );
    // New tokens are no new proof.
    let ada = stack.renewed(&ada).await;
    refused(
        stack.post(&ada, enrol, json!({})).await,
        json!(["password"]),
    );
    let wrong = stack.post(&ada, STEP_UP, json!({"password": OTHER})).await;
    assert_eq!(wrong.expect(400).body["errors"][0]["pointer"], "/password");
    refused(
        stack.post(&ada, enrol, json!({})).await,
        json!(["password"]),
    );
    let done = stack
        .post(&ada, STEP_UP, json!({"password": PASSWORD}))
        .await;
    let done = done.expect(200);
    assert_eq!(done.body["methods"], json!(["pwd"]));
    assert_eq!(done.body["expiresIn"], 600);
    assert_eq!(done.body["accessToken"], Value::Null);
    stack.post(&ada, enrol, json!({})).await.expect(200);
    // And the session goes on as before, with its proof.
    let ada = stack.renewed(&ada).await;
    stack.post(&ada, enrol, json!({})).await.expect(200);
    for body in [json!({}), json!({"password": PASSWORD, "code": "1"})] {
        stack.post(&ada, STEP_UP, body).await.expect(400);
    }
}

#[tokio::test]
async fn b1_07_with_a_second_factor_a_password_is_not_enough() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let elsewhere = stack.login(&ada).await;
    let phone = stack.phone(&ada).await;
    let ways = || json!(["totp", "recovery-code"]);
    // The session that began with a password alone is as good as it was.
    let remove = "/v1/auth/mfa/totp";
    stack.get("/v1/users/me", &elsewhere).await.expect(200);
    refused(stack.remove_as(&elsewhere, remove).await, ways());
    let password = json!({"password": PASSWORD});
    refused(stack.post(&elsewhere, STEP_UP, password).await, ways());
    let body = json!({"code": "000000"});
    stack.post(&elsewhere, STEP_UP, body).await.expect(400);
    let body = json!({"code": phone.code(&stack)});
    let done = stack.post(&elsewhere, STEP_UP, body.clone()).await;
    assert_eq!(done.expect(200).body["methods"], json!(["pwd", "otp"]));
    // The code is used up, for other sessions too.
    stack.post(&ada, STEP_UP, body).await.expect(400);
    stack.pass(600);
    refused(stack.remove_as(&elsewhere, remove).await, ways());
    let code = json!({"recoveryCode": phone.codes[2]});
    stack.post(&elsewhere, STEP_UP, code).await.expect(200);
    stack.remove_as(&elsewhere, remove).await.expect(204);
}

#[tokio::test]
async fn b1_07_password_and_address_change_by_a_recent_proof_as_strong_as_can_be() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let change = |current: Option<&str>, new: &str| match current {
        Some(current) => json!({"currentPassword": current, "newPassword": new}),
        None => json!({"newPassword": new}),
    };
    let (password, email) = ("/v1/auth/change-password", "/v1/auth/change-email");
    // A fresh session needs no password, an old one does.
    let reply = stack.post(&ada, password, change(None, OTHER)).await;
    reply.expect(204);
    stack.pass(600);
    refused(
        stack.post(&ada, password, change(None, PASSWORD)).await,
        json!(["password"]),
    );
    let new = json!({"newEmail": "countess@example.org"});
    refused(
        stack.post(&ada, email, new.clone()).await,
        json!(["password"]),
    );
    let body = change(Some(OTHER), PASSWORD);
    stack.post(&ada, password, body).await.expect(204);
    // With a second factor, the password alone does neither.
    let step = stack
        .post(&ada, STEP_UP, json!({"password": PASSWORD}))
        .await;
    step.expect(200);
    let phone = stack.phone(&ada).await;
    stack.pass(600);
    let ada = stack.renewed(&ada).await;
    let ways = || json!(["totp", "recovery-code"]);
    let body = change(Some(PASSWORD), OTHER);
    refused(stack.post(&ada, password, body.clone()).await, ways());
    let with = json!({"newEmail": "countess@example.org", "currentPassword": PASSWORD});
    refused(stack.post(&ada, email, with).await, ways());
    let code = json!({"code": phone.code(&stack)});
    stack.post(&ada, STEP_UP, code).await.expect(200);
    stack.post(&ada, email, new).await.expect(202);
    let wrong = change(Some(OTHER), "eleven brave umbrellas sing");
    stack.post(&ada, password, wrong).await.expect(400);
    stack.post(&ada, password, body).await.expect(204);
}

#[tokio::test]
async fn b1_07_an_organisation_is_deleted_by_who_proved_it_just_now() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let org = stack.organization(&ada, "analysts").await;
    let path = format!("/v1/organizations/{org}");
    stack.pass(600);
    refused(stack.remove_as(&ada, &path).await, json!(["password"]));
    stack.get(&path, &ada).await.expect(200);
    let body = json!({"password": PASSWORD});
    stack.post(&ada, STEP_UP, body).await.expect(200);
    stack.remove_as(&ada, &path).await.expect(204);
}

/// A proof on one session is none on another, and an ended session has none.
#[tokio::test]
async fn b1_07_a_proof_belongs_to_its_session() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let other = stack.login(&ada).await;
    stack.pass(600);
    let body = json!({"password": PASSWORD});
    stack.post(&ada, STEP_UP, body.clone()).await.expect(200);
    let enrol = "/v1/auth/mfa/totp";
    refused(
        stack.post(&other, enrol, json!({})).await,
        json!(["password"]),
    );
    stack.remove_as(&ada, "/v1/auth/sessions").await.expect(204);
    stack.post(&other, STEP_UP, body).await.expect(401);
}
