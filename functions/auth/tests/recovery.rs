//! Letters with links: reset of the password, proof of an address, and changes
//! of both.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::testing::TestReply;

use crate::support::{PASSWORD, Person, Stack, comparable};

const OTHER: &str = "seven quiet lanterns above";

impl Stack {
    async fn submit(&self, path: &str, body: Value) -> TestReply {
        self.api.post(path).json(body).send().await
    }

    async fn submit_as(&self, who: &Person, path: &str, body: Value) -> TestReply {
        let request = self.api.post(path).token(&who.access);
        request.json(body).send().await
    }

    async fn forgot(&self, email: &str) -> TestReply {
        let body = json!({"email": email});
        self.submit("/v1/auth/forgot-password", body).await
    }

    async fn reset(&self, token: &str, password: &str) -> TestReply {
        let body = json!({"token": token, "newPassword": password});
        self.submit("/v1/auth/reset-password", body).await
    }

    async fn sign_in(&self, email: &str, password: &str) -> u16 {
        let body = json!({"email": email, "password": password});
        self.submit("/v1/auth/login", body).await.status.as_u16()
    }

    async fn verified(&self, who: &Person) -> bool {
        let me = self.get("/v1/users/me", who).await.expect(200);
        me.body["emailVerified"].as_bool().unwrap()
    }
}

#[tokio::test]
async fn au_14_15_a_forgotten_password_is_replaced_once_and_every_session_ends() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    stack.forgot("Ada@Example.org").await.expect(202);
    let token = stack.mailed("reset-password").await;
    // A password that is refused leaves the link as it was.
    let weak = stack.reset(&token, "ada ada ada ada").await.expect(400);
    assert_eq!(weak.body["errors"][0]["pointer"], "/newPassword");
    stack.reset(&token, OTHER).await.expect(204);
    assert_eq!(stack.sign_in(&ada.email, PASSWORD).await, 401);
    assert_eq!(stack.sign_in(&ada.email, OTHER).await, 200);
    stack.get("/v1/users/me", &ada).await.expect(401);
    stack.refresh(&ada.refresh).await.expect(401);
    let again = stack.reset(&token, PASSWORD).await.expect(410);
    assert_eq!(again.body["type"], "/v1/problems/link-gone");
    // Who reads the mail of an address owns it.
    assert_eq!(
        stack.last_event("user.contact.changed").await["verified"],
        json!(true)
    );
    let told = ("password-changed".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    assert!(!stack.everything().await.contains(&token[30..]), "AU-29");
}

#[tokio::test]
async fn au_14_an_unknown_address_gets_the_same_answer_and_nobody_a_letter() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let before = stack.letters().await.len();
    let known = stack.forgot(&ada.email).await.expect(202);
    let unknown = stack.forgot("nobody@example.org").await.expect(202);
    assert_eq!(known.body, unknown.body);
    assert_eq!(stack.letters().await.len(), before + 1);
    stack.forgot("no address").await.expect(400);
}

#[tokio::test]
async fn au_15_a_stranger_who_asks_again_and_again_fills_no_mailbox() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    stack.forgot(&ada.email).await.expect(202);
    let token = stack.mailed("reset-password").await;
    let sent = stack.letters().await.len();
    stack.forgot(&ada.email).await.expect(202);
    assert_eq!(stack.letters().await.len(), sent);
    stack.world.clock.advance(SignedDuration::from_secs(61));
    stack.forgot(&ada.email).await.expect(202);
    assert_eq!(stack.letters().await.len(), sent + 1);
    // The last letter is the one that counts.
    stack.reset(&token, OTHER).await.expect(410);
    let newer = stack.mailed("reset-password").await;
    stack.reset(&newer, OTHER).await.expect(204);
}

#[tokio::test]
async fn au_15_a_link_is_good_for_its_time_its_use_and_its_person() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let verify = stack.mailed("verify-email").await;
    stack.forgot(&ada.email).await.expect(202);
    let token = stack.mailed("reset-password").await;
    let body = |token: &str| json!({"token": token});
    let verifying = "/v1/auth/verify-email";
    stack.submit(verifying, body(&token)).await.expect(410);
    stack.reset(&verify, OTHER).await.expect(410);
    // Another person's id before the secret opens nothing.
    let id = |person: &Person| person.id.to_string()["user_".len()..].to_owned();
    let forged = token.replace(&id(&ada), &id(&eve));
    assert_ne!(forged, token);
    stack.reset(&forged, OTHER).await.expect(410);
    for junk in ["", "plm_", "x", &token[..token.len() - 1]] {
        stack.reset(junk, OTHER).await.expect(410);
    }
    stack.world.clock.advance(SignedDuration::from_mins(30));
    stack.reset(&token, OTHER).await.expect(410);
    assert_eq!(stack.sign_in(&ada.email, PASSWORD).await, 200);
}

#[tokio::test]
async fn au_15_of_racing_uses_of_a_link_one_succeeds() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    stack.forgot(&ada.email).await.expect(202);
    let token = stack.mailed("reset-password").await;
    let passwords: Vec<String> = (0..6).map(|n| format!("{OTHER} {n}")).collect();
    let replies = join_all(passwords.iter().map(|word| stack.reset(&token, word))).await;
    let done: Vec<usize> = (0..6).filter(|n| replies[*n].status == 204).collect();
    assert_eq!(done.len(), 1, "{replies:?}");
    assert_eq!(stack.sign_in(&ada.email, &passwords[done[0]]).await, 200);
}

#[tokio::test]
async fn au_16_an_address_is_proved_by_the_letter_after_registration() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    assert_eq!(
        stack.letters().await,
        [("verify-email".to_owned(), ada.email.clone())]
    );
    let first = stack.mailed("verify-email").await;
    assert!(!stack.verified(&ada).await);
    let resend = "/v1/auth/verify-email/resend";
    stack.submit_as(&ada, resend, json!({})).await.expect(202);
    assert_eq!(stack.letters().await.len(), 1, "it was sent a moment ago");
    stack.world.clock.advance(SignedDuration::from_mins(2));
    stack.submit_as(&ada, resend, json!({})).await.expect(202);
    let second = stack.mailed("verify-email").await;
    let path = "/v1/auth/verify-email";
    let body = |token: &str| json!({"token": token});
    let prove = async |token: &str| stack.submit_as(&ada, path, body(token)).await;
    prove(&first).await.expect(410);
    prove(&second).await.expect(204);
    prove(&second).await.expect(410);
    assert!(stack.verified(&ada).await);
    stack.world.clock.advance(SignedDuration::from_mins(2));
    stack.submit_as(&ada, resend, json!({})).await.expect(202);
    assert_eq!(stack.letters().await.len(), 2, "it is not needed any more");
}

/// A thief who knew the password asked for another address; the owner acts
/// before the thief uses the link.
#[tokio::test]
async fn au_15_31_a_change_of_address_on_its_way_dies_with_the_password() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let ask = async |password: &str| {
        let body = json!({"newEmail": "thief@example.org", "currentPassword": password});
        let path = "/v1/auth/change-email";
        stack.submit_as(&ada, path, body).await
    };
    let confirm = async |token: &str| {
        let path = "/v1/auth/change-email/confirm";
        stack.submit(path, json!({"token": token})).await
    };
    ask(PASSWORD).await.expect(202);
    let trap = stack.mailed("change-email").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": OTHER});
    let path = "/v1/auth/change-password";
    stack.submit_as(&ada, path, body).await.expect(204);
    confirm(&trap).await.expect(410);
    stack.world.clock.advance(SignedDuration::from_mins(2));
    ask(OTHER).await.expect(202);
    let trap = stack.mailed("change-email").await;
    stack.forgot(&ada.email).await.expect(202);
    let token = stack.mailed("reset-password").await;
    stack.reset(&token, PASSWORD).await.expect(204);
    confirm(&trap).await.expect(410);
    assert_eq!(stack.sign_in(&ada.email, PASSWORD).await, 200);
}

#[tokio::test]
async fn au_31_who_knows_the_password_changes_it_and_other_sessions_end() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let other = stack.login(&ada).await;
    let change = async |current: &str, new: &str| {
        let body = json!({"currentPassword": current, "newPassword": new});
        stack
            .submit_as(&ada, "/v1/auth/change-password", body)
            .await
    };
    let wrong = change(OTHER, OTHER).await.expect(400);
    assert_eq!(wrong.body["errors"][0]["code"], "wrong");
    let same = change(PASSWORD, PASSWORD).await.expect(400);
    assert_eq!(same.body["errors"][0]["code"], "unchanged");
    change(PASSWORD, "short").await.expect(400);
    change(PASSWORD, OTHER).await.expect(204);
    stack.get("/v1/users/me", &ada).await.expect(200);
    stack.get("/v1/users/me", &other).await.expect(401);
    assert_eq!(stack.sign_in(&ada.email, PASSWORD).await, 401);
    assert_eq!(stack.sign_in(&ada.email, OTHER).await, 200);
    let told = ("password-changed".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
}

#[tokio::test]
async fn au_32_an_address_changes_when_the_new_one_is_proved_and_the_old_one_is_told() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let ask = async |email: &str, password: &str| {
        let body = json!({"newEmail": email, "currentPassword": password});
        stack.submit_as(&ada, "/v1/auth/change-email", body).await
    };
    ask("countess@example.org", OTHER).await.expect(400);
    ask("countess@example.org", PASSWORD).await.expect(202);
    let token = stack.mailed("change-email").await;
    assert_eq!(stack.sign_in("countess@example.org", PASSWORD).await, 401);
    let path = "/v1/auth/change-email/confirm";
    let body = json!({"token": token});
    stack.submit(path, body.clone()).await.expect(204);
    stack.submit(path, body).await.expect(410);
    assert_eq!(stack.sign_in("countess@example.org", PASSWORD).await, 200);
    assert_eq!(stack.sign_in(&ada.email, PASSWORD).await, 401);
    assert!(stack.verified(&ada).await);
    let contact = stack.last_event("user.contact.changed").await;
    assert_eq!(contact["email"], "countess@example.org");
    let told = ("email-changed".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    // The old address is free again.
    stack.register("ada").await;
}

#[tokio::test]
async fn au_32_an_address_that_is_taken_stays_with_whom_it_belongs_to() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let sent = stack.letters().await.len();
    let ask = async |email: &str| {
        let body = json!({"newEmail": email, "currentPassword": PASSWORD});
        let path = "/v1/auth/change-email";
        stack.submit_as(&ada, path, body).await.expect(202)
    };
    let refused = ask(&eve.email).await;
    assert_eq!(stack.letters().await.len(), sent, "nobody is written to");
    let too_soon = ask("later@example.org").await;
    assert_eq!(comparable(&refused), comparable(&too_soon));
    assert_eq!(stack.letters().await.len(), sent, "one a minute, as ever");
    stack.world.clock.advance(SignedDuration::from_mins(2));
    let free = ask("later@example.org").await;
    assert_eq!(comparable(&refused), comparable(&free), "which is not told");
    assert_eq!(stack.letters().await.len(), sent + 1);
    stack.world.clock.advance(SignedDuration::from_secs(1));
    ask("latest@example.org").await;
    assert_eq!(stack.letters().await.len(), sent + 1);
    // Somebody was faster.
    let token = stack.mailed("change-email").await;
    stack.register("later").await;
    let path = "/v1/auth/change-email/confirm";
    let reply = stack
        .submit(path, json!({"token": token}))
        .await
        .expect(409);
    assert_eq!(reply.body["type"], "/v1/problems/email-taken");
    assert_eq!(stack.sign_in(&ada.email, PASSWORD).await, 200);
}

/// A mail scanner follows every link: that uses nothing up, and the page runs
/// nothing but its own.
#[tokio::test]
async fn au_15_16_looking_at_a_link_uses_nothing_up() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    let token = stack.mailed("verify-email").await;
    for path in [
        "/v1/auth/verify-email",
        "/v1/auth/forgot-password",
        "/v1/auth/reset-password",
        "/v1/auth/change-email/confirm",
    ] {
        let page = stack.api.get(path).send().await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"));
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
    let body = json!({"token": token});
    stack
        .submit_as(&ada, "/v1/auth/verify-email", body)
        .await
        .expect(204);
    assert!(stack.verified(&ada).await);
}
