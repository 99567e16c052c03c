//! Signing in by a mail: its link, or the code beside it.

use futures::future::join_all;
use http::Method as Verb;
use jiff::SignedDuration;
use plenary_auth::model::session::Method;
use serde_json::{Value, json};
use shared::{
    access::UserAccess,
    commit::Commit,
    principal::PlatformRole,
    testing::{Faults, TestReply, World, cx},
};

use crate::support::{PASSWORD, Person, Stack, comparable};

const VERIFY: &str = "/v1/auth/magic-link/verify";

impl Stack {
    async fn ask_for_mail(&self, email: &str) -> TestReply {
        let body = json!({"email": email});
        self.api.post("/v1/auth/magic-link").json(body).send().await
    }

    /// The token and the code of the last mail.
    async fn sign_in_mail(&self) -> (String, String) {
        let secrets = self.mailed("sign-in").await;
        let (token, code) = secrets.split_once(' ').unwrap();
        (token.to_owned(), code.to_owned())
    }

    async fn by(&self, body: Value) -> TestReply {
        self.api.post(VERIFY).json(body).send().await
    }

    async fn by_token(&self, token: &str) -> TestReply {
        self.by(json!({"token": token})).await
    }

    async fn by_code(&self, email: &str, code: &str) -> TestReply {
        self.by(json!({"email": email, "code": code})).await
    }

    async fn password_login(&self, email: &str, password: &str) -> u16 {
        let body = json!({"email": email, "password": password});
        let request = self.api.post("/v1/auth/login").json(body);
        request.send().await.status.as_u16()
    }

    async fn suspend(&self, person: &Person, suspended: bool) {
        let mut commit = Commit::new(self.world.access(), &cx());
        commit.put(&UserAccess {
            user_id: person.id,
            platform_role: PlatformRole::User,
            suspended,
            leaving: false,
        });
        commit.execute().await.unwrap();
    }
}

/// Another code than this one.
fn wrong(code: &str) -> String {
    let last = if code.ends_with('7') { '8' } else { '7' };
    format!("{}{last}", &code[..code.len() - 1])
}

#[tokio::test]
async fn au_20_b1_03_one_mail_signs_in_by_its_link_or_its_code_once() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    stack.ask_for_mail("Ada@Example.org").await.expect(202);
    let (token, code) = stack.sign_in_mail().await;
    let signed = stack.by_token(&token).await.expect(200);
    let signed = Person::of(&signed);
    assert_eq!(signed.id, ada.id);
    stack.get("/v1/users/me", &signed).await.expect(200);
    // Both are used up.
    stack
        .by_token(&token)
        .await
        .expect(410)
        .problem("link-gone");
    let refused = stack.by_code(&ada.email, &code).await.expect(401);
    refused.problem("code-refused");

    stack.world.clock.advance(SignedDuration::from_mins(2));
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (token, code) = stack.sign_in_mail().await;
    let typed = format!("{} {}", &code[..4], &code[4..]);
    let signed = Person::of(&stack.by_code("ADA@example.org", &typed).await.expect(200));
    stack.by_token(&token).await.expect(410);
    stack.by_code(&ada.email, &code).await.expect(401);
    let claims = stack.get("/v1/auth/session", &signed).await.expect(200);
    let id = claims.body["sessionId"].as_str().unwrap().parse().unwrap();
    let session = stack.app.store.session(ada.id, id).await.unwrap().unwrap();
    assert_eq!(session.methods, [Method::Email]);
    assert_eq!(stack.last_event("user.login").await["sessionId"], json!(id));
    // The password of a verified account stays, and so does who was signed in.
    assert_eq!(stack.password_login(&ada.email, PASSWORD).await, 200);
    stack.refresh(&ada.refresh).await.expect(200);
    let kept = stack.everything().await;
    assert!(
        !kept.contains(&token[30..]) && !kept.contains(&code),
        "AU-29"
    );
}

#[tokio::test]
async fn au_20_an_unknown_address_gets_the_same_answer_for_the_same_work() {
    let mut world = World::of("auth").await;
    let faults = Faults::before(&world.db);
    world.core.table = faults.table(&world.core.table);
    let stack = Stack::with(world, |_| ());
    let ada = stack.verified_person("ada").await;
    let letters = stack.letters().await.len();
    let work = |faults: &Faults| -> Vec<String> {
        let calls = faults.calls().into_iter();
        calls.map(|call| call.operation).collect()
    };
    work(&faults);
    let known = stack.ask_for_mail(&ada.email).await.expect(202);
    let of_known = work(&faults);
    let unknown = stack.ask_for_mail("nobody@example.org").await.expect(202);
    assert_eq!(of_known, work(&faults));
    assert_eq!(known.body, unknown.body);
    assert_eq!(stack.letters().await.len(), letters + 1);
    // Nor does a wrong code tell.
    let (_, code) = stack.sign_in_mail().await;
    work(&faults);
    let known = stack.by_code(&ada.email, &wrong(&code)).await.expect(401);
    let of_known = work(&faults);
    let unknown = stack.by_code("nobody@example.org", &wrong(&code)).await;
    assert_eq!(of_known, work(&faults));
    assert_eq!(comparable(&known), comparable(&unknown.expect(401)));
    stack.ask_for_mail("no address").await.expect(400);
}

#[tokio::test]
async fn au_20_a_body_is_either_a_token_or_an_address_with_a_code() {
    let stack = Stack::new().await;
    for body in [
        json!({}),
        json!({"email": "ada@example.org"}),
        json!({"code": "12345678"}),
        json!({"token": "t", "code": "12345678", "email": "ada@example.org"}),
    ] {
        let refused = stack.by(body).await.expect(400);
        assert_eq!(refused.body["errors"][0]["code"], "one-of");
    }
    stack.by(json!({"tokens": "t"})).await.expect(400);
    stack.by_code("no address", "12345678").await.expect(401);
    stack.by_code("ada@example.org", "1234").await.expect(401);
    for junk in ["", "plm_", "x"] {
        stack.by_token(junk).await.expect(410);
    }
}

/// A mail scanner follows every link with GET or HEAD.
#[tokio::test]
async fn au_20_b1_03_looking_at_the_link_uses_nothing_up() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (token, _) = stack.sign_in_mail().await;
    for verb in [Verb::GET, Verb::HEAD] {
        for path in [VERIFY.to_owned(), format!("{VERIFY}?token={token}")] {
            let page = stack.api.request(verb.clone(), &path).send().await;
            let page = page.expect(200);
            assert!(page.header("content-type").starts_with("text/html"));
            let policy = page.header("content-security-policy");
            assert!(policy.contains("default-src 'none'"));
            assert_eq!(page.header("referrer-policy"), "no-referrer");
            assert!(!page.text.contains(&token));
        }
    }
    stack.by_token(&token).await.expect(200);
}

#[tokio::test]
async fn au_20_a_mail_is_good_for_a_quarter_of_an_hour_and_the_last_one_counts() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (first, first_code) = stack.sign_in_mail().await;
    let sent = stack.letters().await.len();
    stack.ask_for_mail(&ada.email).await.expect(202);
    assert_eq!(stack.letters().await.len(), sent, "one a minute");
    stack.world.clock.advance(SignedDuration::from_mins(2));
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (second, second_code) = stack.sign_in_mail().await;
    stack.by_token(&first).await.expect(410);
    stack.by_code(&ada.email, &first_code).await.expect(401);
    stack.world.clock.advance(SignedDuration::from_mins(15));
    stack.by_token(&second).await.expect(410);
    stack.by_code(&ada.email, &second_code).await.expect(401);
    // A link for another purpose is none for this, and the other way round.
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (token, _) = stack.sign_in_mail().await;
    let verify = stack.api.post("/v1/auth/verify-email");
    let body = json!({"token": token});
    verify.json(body).send().await.expect(410);
    stack
        .by_token(&stack.mailed("verify-email").await)
        .await
        .expect(410);
    stack.by_token(&token).await.expect(200);
}

#[tokio::test]
async fn au_20_of_racing_uses_one_signs_in() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (token, code) = stack.sign_in_mail().await;
    let tries = (0..6).map(|n| {
        let body = if n % 2 == 0 {
            json!({"token": token})
        } else {
            json!({"email": ada.email, "code": code})
        };
        stack.by(body)
    });
    let replies = join_all(tries).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1, "{replies:?}");
}

#[tokio::test]
async fn au_20_a_code_that_was_guessed_at_is_dead_and_the_link_is_not() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (token, code) = stack.sign_in_mail().await;
    // All at once, so that none is counted twice or not at all.
    let wrong = wrong(&code);
    let guesses = (0..5).map(|_| stack.by_code(&ada.email, &wrong));
    let mut counted = join_all(guesses).await;
    assert!(counted.iter().all(|reply| reply.status == 401));
    let sixth = stack.by_code(&ada.email, &code).await.expect(401);
    counted.push(sixth);
    for reply in &counted {
        assert_eq!(comparable(reply), comparable(&counted[0]));
    }
    stack.by_token(&token).await.expect(200);
}

#[tokio::test]
async fn au_20_the_codes_of_an_account_are_tried_twenty_times_a_day_whatever_its_mails() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    let fresh = async || {
        stack.world.clock.advance(SignedDuration::from_mins(2));
        stack.ask_for_mail(&ada.email).await.expect(202);
        stack.sign_in_mail().await
    };
    for _ in 0..4 {
        let (_, code) = fresh().await;
        for _ in 0..5 {
            let guess = stack.by_code(&ada.email, &wrong(&code)).await;
            guess.expect(401);
        }
    }
    let (token, code) = fresh().await;
    stack.by_code(&ada.email, &code).await.expect(401);
    // Its owner is not locked out.
    stack.by_token(&token).await.expect(200);
    stack.world.clock.advance(SignedDuration::from_hours(24));
    let (_, code) = fresh().await;
    stack.by_code(&ada.email, &code).await.expect(200);
}

/// Somebody registers with an address that is not theirs and waits until its
/// owner comes.
#[tokio::test]
async fn b1_04_who_registered_with_anothers_address_loses_every_way_in_when_its_owner_comes() {
    let stack = Stack::new().await;
    let thief = stack.register("ada").await;
    // A way back that lies in the thief's own mailbox.
    let change = stack.api.post("/v1/auth/change-email");
    let body = json!({"newEmail": "thief@example.org", "currentPassword": PASSWORD});
    let change = change.token(&thief.access).json(body).send().await;
    change.expect(202);
    let trap = stack.mailed("change-email").await;
    let (_, key) = stack.key(&thief, &["users:read"]).await;
    stack.me_by(&key).await.expect(200);
    stack.ask_for_mail(&thief.email).await.expect(202);
    let (_, code) = stack.sign_in_mail().await;
    let owner = Person::of(&stack.by_code(&thief.email, &code).await.expect(200));
    assert_eq!(owner.id, thief.id);
    let me = stack.get("/v1/users/me", &owner).await.expect(200);
    assert_eq!(me.body["emailVerified"], true);
    let contact = stack.last_event("user.contact.changed").await;
    assert_eq!(contact["verified"], true);
    assert_eq!(stack.password_login(&thief.email, PASSWORD).await, 401);
    let confirm = stack.api.post("/v1/auth/change-email/confirm");
    let confirm = confirm.json(json!({"token": trap})).send().await;
    confirm.expect(410).problem("link-gone");
    stack.get("/v1/users/me", &thief).await.expect(401);
    stack.refresh(&thief.refresh).await.expect(401);
    stack.me_by(&key).await.expect(401);
    let changed = stack.last_event("user.password.changed").await;
    assert_eq!(changed, json!({"userId": owner.id, "by": "removed"}));
    let told = ("password-removed".to_owned(), owner.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    // The owner can choose a password, and is told where one is asked for.
    let change = stack.api.post("/v1/auth/change-password");
    let other = "seven quiet lanterns above";
    let body = json!({"currentPassword": PASSWORD, "newPassword": other});
    let change = change.token(&owner.access).json(body).send().await;
    change.expect(409).problem("no-password");
    let forgot = stack.api.post("/v1/auth/forgot-password");
    let body = json!({"email": owner.email});
    forgot.json(body).send().await.expect(202);
    let token = stack.mailed("reset-password").await;
    let reset = stack.api.post("/v1/auth/reset-password");
    let body = json!({"token": token, "newPassword": other});
    reset.json(body).send().await.expect(204);
    assert_eq!(stack.password_login(&owner.email, other).await, 200);
}

#[tokio::test]
async fn b1_04_what_was_mailed_dies_with_the_password_and_the_address_it_was_mailed_under() {
    let stack = Stack::new().await;
    let ada = stack.verified_person("ada").await;
    let other = "seven quiet lanterns above";
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (token, code) = stack.sign_in_mail().await;
    let change = stack.api.post("/v1/auth/change-password");
    let body = json!({"currentPassword": PASSWORD, "newPassword": other});
    let change = change.token(&ada.access).json(body).send().await;
    change.expect(204);
    stack.by_token(&token).await.expect(410);
    stack.by_code(&ada.email, &code).await.expect(401);

    stack.world.clock.advance(SignedDuration::from_mins(2));
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (before, _) = stack.sign_in_mail().await;
    let change = stack.api.post("/v1/auth/change-email");
    let body = json!({"newEmail": "countess@example.org", "currentPassword": other});
    let change = change.token(&ada.access).json(body).send().await;
    change.expect(202);
    let token = stack.mailed("change-email").await;
    let confirm = stack.api.post("/v1/auth/change-email/confirm");
    let body = json!({"token": token});
    confirm.json(body).send().await.expect(204);
    stack.by_token(&before).await.expect(410);
    // Whoever has the old address now gets into an account of their own only.
    let eve = stack.verified_person("ada").await;
    stack.ask_for_mail(&eve.email).await.expect(202);
    let (token, _) = stack.sign_in_mail().await;
    let signed = Person::of(&stack.by_token(&token).await.expect(200));
    assert_eq!(signed.id, eve.id);
    assert_ne!(eve.id, ada.id);
}

#[tokio::test]
async fn au_20_a_suspended_account_is_refused_and_nothing_is_used_up() {
    let stack = Stack::new().await;
    let ada = stack.register("ada").await;
    stack.ask_for_mail(&ada.email).await.expect(202);
    let (token, _) = stack.sign_in_mail().await;
    stack.suspend(&ada, true).await;
    let refused = stack.by_token(&token).await.expect(403);
    refused.problem("account-suspended");
    stack.suspend(&ada, false).await;
    assert_eq!(stack.password_login(&ada.email, PASSWORD).await, 200);
    stack.by_token(&token).await.expect(200);
}
