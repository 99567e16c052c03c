use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    access::UserAccess,
    commit::Commit,
    id::UserId,
    principal::PlatformRole,
    testing::{World, cx},
};

use crate::support::{PASSWORD, Person, Stack, comparable};

#[tokio::test]
async fn au_01_registering_signs_in_and_tells_the_others() {
    let stack = Stack::new().await;
    let body = json!({
        "email": "Ada@Example.org", "password": PASSWORD,
        "name": " Ada Lovelace ", "username": "Ada", "company": "Analytical Engines",
    });
    let reply = stack
        .api
        .post("/v1/auth/register")
        .json(body)
        .send()
        .await
        .expect(201);
    assert_eq!(reply.header("location"), "/v1/users/me");
    assert_eq!(reply.header("cache-control"), "private, no-store");
    assert_eq!(reply.body["tokenType"], "Bearer");
    assert_eq!(reply.body["expiresIn"], 900);
    let user = &reply.body["user"];
    assert_eq!(user["email"], "ada@example.org");
    assert_eq!(user["emailVerified"], false);
    assert_eq!(user["name"], "Ada Lovelace");
    assert_eq!(user["username"], "ada");
    let person = Person::of(&reply);
    stack.get("/v1/users/me", &person).await.expect(200);
    assert_eq!(
        stack.event_types().await,
        [
            "user.registered",
            "user.contact.changed",
            "user.login",
            "auth.mail.requested"
        ]
    );
    let contact = stack.last_event("user.contact.changed").await;
    assert_eq!(
        contact,
        json!({"userId": person.id, "email": "ada@example.org", "verified": false})
    );
}

#[tokio::test]
async fn au_02_every_fault_of_a_registration_is_named() {
    let stack = Stack::new().await;
    let reply = stack
        .api
        .post("/v1/auth/register")
        .json(json!({"email": "nobody", "password": "short", "name": " ", "username": "a b"}))
        .send()
        .await
        .expect(400)
        .problem("invalid-request");
    let mut faults: Vec<(String, String)> = reply.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["pointer"].to_string(), e["code"].to_string()))
        .collect();
    faults.sort();
    let wanted = [
        ("\"/email\"", "\"malformed\""),
        ("\"/name\"", "\"blank\""),
        ("\"/password\"", "\"too-short\""),
        ("\"/username\"", "\"malformed\""),
    ];
    assert_eq!(faults, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    for body in [
        json!({}),
        json!({"email": "a@example.org"}),
        json!({"password": PASSWORD}),
    ] {
        let reply = stack.api.post("/v1/auth/register").json(body).send().await;
        reply.expect(400).problem("invalid-request");
    }
    let unknown = json!({"email": "a@example.org", "password": PASSWORD, "role": "owner"});
    stack
        .api
        .post("/v1/auth/register")
        .json(unknown)
        .send()
        .await
        .expect(400);
    assert!(stack.event_types().await.is_empty());
}

#[tokio::test]
async fn au_02_an_address_or_username_is_taken_in_every_spelling() {
    let stack = Stack::new().await;
    stack.register("ada").await;
    let again = json!({"email": "ADA@example.ORG", "password": PASSWORD});
    stack
        .api
        .post("/v1/auth/register")
        .json(again)
        .send()
        .await
        .expect(409)
        .problem("email-taken");
    let named =
        |email: &str, name: &str| json!({"email": email, "password": PASSWORD, "username": name});
    stack
        .api
        .post("/v1/auth/register")
        .json(named("b@example.org", "bea"))
        .send()
        .await
        .expect(201);
    let reply = stack
        .api
        .post("/v1/auth/register")
        .json(named("c@example.org", "BEA"))
        .send()
        .await;
    reply.expect(409).problem("username-taken");
}

#[tokio::test]
async fn au_02_of_racing_registrations_one_wins() {
    let stack = Stack::new().await;
    let attempts = (0..12).map(|i| {
        let body = json!({
            "email": "ada@example.org", "password": PASSWORD, "username": format!("ada{i}"),
        });
        stack.api.post("/v1/auth/register").json(body).send()
    });
    let replies = join_all(attempts).await;
    let won: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(won.len(), 1);
    for lost in replies.iter().filter(|reply| reply.status != 201) {
        lost.clone().expect(409).problem("email-taken");
    }
    assert_eq!(stack.event_types().await.len(), 4);
    // The usernames of the losers are free again.
    let person = Person::of(won[0]);
    let me = stack.get("/v1/users/me", &person).await;
    let mine = me.body["username"].as_str().unwrap();
    let free = if mine == "ada1" { "ada2" } else { "ada1" };
    let body = json!({"email": "b@example.org", "password": PASSWORD, "username": free});
    stack
        .api
        .post("/v1/auth/register")
        .json(body)
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn au_02_with_enumeration_protection_both_answers_are_the_same() {
    let world = World::of("auth").await;
    let stack = Stack::with(world, |settings| settings.enumeration_protection = true);
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let register = || {
        stack
            .api
            .post("/v1/auth/register")
            .json(body.clone())
            .send()
    };
    let (first, second) = (register().await.expect(202), register().await.expect(202));
    assert_eq!(first.body, second.body);
    assert_eq!(first.body, json!({"status": "accepted"}));
    let names = |reply: &shared::testing::TestReply| {
        let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&first), names(&second));
    assert_eq!(
        stack.event_types().await,
        [
            "user.registered",
            "user.contact.changed",
            "auth.mail.requested"
        ]
    );
    stack
        .api
        .post("/v1/auth/login")
        .json(body)
        .send()
        .await
        .expect(200);
}

/// A username is gone after a registration, whether or not the address was free:
/// it would tell by being free.
#[tokio::test]
async fn au_02_with_enumeration_protection_a_username_tells_nothing_of_an_address() {
    let world = World::of("auth").await;
    let stack = Stack::with(world, |settings| settings.enumeration_protection = true);
    let register = async |name: &str, username: &str| {
        let email = format!("{name}@example.org");
        let body = json!({"email": email, "password": PASSWORD, "username": username});
        stack.api.post("/v1/auth/register").json(body).send().await
    };
    register("ada", "countess").await.expect(202);
    register("ada", "taken").await.expect(202);
    register("nobody", "free").await.expect(202);
    let mut answers = Vec::new();
    for username in ["taken", "free"] {
        let probe = register("eve", username).await.expect(409);
        answers.push(comparable(&probe.problem("username-taken")));
    }
    assert_eq!(answers[0], answers[1]);
    register("eve", "eve").await.expect(202);
}

#[tokio::test]
async fn au_03_au_05_signing_in_answers_tokens_and_the_user() {
    let stack = Stack::new().await;
    let person = stack.register("ada").await;
    stack.world.clock.advance(SignedDuration::from_hours(1));
    let body = json!({"email": " ADA@example.org", "password": PASSWORD});
    let reply = stack
        .api
        .post("/v1/auth/login")
        .json(body)
        .send()
        .await
        .expect(200);
    let mut members: Vec<_> = reply.body.as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(
        members,
        [
            "accessToken",
            "expiresIn",
            "refreshToken",
            "tokenType",
            "user"
        ]
    );
    assert_eq!(reply.body["user"]["id"], person.id.to_string());
    assert_eq!(reply.body["user"]["createdAt"], "2026-09-01T10:00:00Z");
    assert_eq!(reply.body["user"]["lastLoginAt"], "2026-09-01T11:00:00Z");
    stack
        .get("/v1/users/me", &Person::of(&reply))
        .await
        .expect(200);
}

#[tokio::test]
async fn au_04_unknown_and_known_accounts_are_told_apart_by_nothing() {
    let stack = Stack::new().await;
    stack.register("ada").await;
    let attempt = |email: &str| {
        let body = json!({"email": email, "password": "another long password"});
        stack.api.post("/v1/auth/login").json(body).send()
    };
    let known = attempt("ada@example.org")
        .await
        .expect(401)
        .problem("invalid-credentials");
    let unknown = attempt("eve@example.org")
        .await
        .expect(401)
        .problem("invalid-credentials");
    assert_eq!(comparable(&known), comparable(&unknown));
    assert_eq!(known.body["detail"], "Invalid credentials");
    assert_eq!(
        known.header("www-authenticate"),
        unknown.header("www-authenticate")
    );
}

#[tokio::test]
async fn au_04_what_is_no_address_is_nobody() {
    let stack = Stack::new().await;
    let body = json!({"email": "no address", "password": PASSWORD});
    stack
        .api
        .post("/v1/auth/login")
        .json(body)
        .send()
        .await
        .expect(401)
        .problem("invalid-credentials");
    let body = json!({"email": "ada@example.org"});
    stack
        .api
        .post("/v1/auth/login")
        .json(body)
        .send()
        .await
        .expect(400)
        .problem("invalid-request");
}

#[tokio::test]
async fn au_23_the_sign_in_notes_its_time_and_tells_the_others() {
    let stack = Stack::new().await;
    let person = stack.register("ada").await;
    stack.world.clock.advance(SignedDuration::from_mins(5));
    let person = stack.login(&person).await;
    let me = stack.get("/v1/users/me", &person).await.expect(200);
    assert_eq!(me.body["lastLoginAt"], "2026-09-01T10:05:00Z");
    let event = stack.last_event("user.login").await;
    assert_eq!(event["userId"], person.id.to_string());
    assert_eq!(event["timestamp"], "2026-09-01T10:05:00Z");
}

#[tokio::test]
async fn au_22_me_shows_my_organisations_and_what_i_may_do() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let door = stack.member(&owner, org, "checkin").await;
    let me = stack.get("/v1/users/me", &door).await.expect(200);
    assert_eq!(me.body["platformRole"], "user");
    let place = &me.body["organizations"][0];
    assert_eq!(place["id"], org.to_string());
    assert_eq!(place["slug"], "rust-conf");
    assert_eq!(place["role"], "checkin");
    let capabilities = place["ownCapabilities"].as_array().unwrap();
    assert!(capabilities.contains(&Value::from("event.checkin")));
    assert!(!capabilities.contains(&Value::from("members.manage")));
    assert_eq!(me.body["defaultOrganizationId"], org.to_string());
    assert!(me.body.get("hash").is_none() && me.body.get("password").is_none());
    stack
        .api
        .get("/v1/users/me")
        .send()
        .await
        .expect(401)
        .problem("unauthenticated");
}

#[tokio::test]
async fn gw_03_the_aliases_answer_the_same_and_say_that_they_are_deprecated() {
    let stack = Stack::new().await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let reply = stack
        .api
        .post("/v1/auth/signup")
        .json(body.clone())
        .send()
        .await
        .expect(201);
    assert!(reply.header("deprecation").starts_with('@'));
    assert_eq!(
        reply.header("link"),
        "</v1/auth/register>; rel=\"successor-version\""
    );
    let taken = stack.api.post("/v1/auth/signup").json(body).send().await;
    assert!(
        taken
            .expect(409)
            .problem("email-taken")
            .header("deprecation")
            .starts_with('@')
    );
    let person = Person::of(&reply);
    for (alias, path) in [
        ("/v1/auth/profile", "/v1/users/me"),
        ("/v1/auth/validate", "/v1/auth/session"),
        ("/v1/auth/validate-token", "/v1/auth/session"),
    ] {
        let (old, new) = (
            stack.get(alias, &person).await,
            stack.get(path, &person).await,
        );
        assert_eq!(
            old.clone().expect(200).body,
            new.clone().expect(200).body,
            "{alias}"
        );
        assert!(old.header("link").contains(path));
        assert_eq!(new.header("deprecation"), "");
        stack.api.get(alias).send().await.expect(401);
    }
}

#[tokio::test]
async fn au_29_the_tables_hold_no_password_and_no_usable_token() {
    let stack = Stack::new().await;
    let person = stack.register("ada").await;
    let renewed = stack.refresh(&person.refresh).await.expect(200);
    let everything = stack.everything().await;
    assert!(everything.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    for secret in [
        PASSWORD,
        &person.access,
        &person.refresh,
        person.refresh.splitn(3, '_').nth(2).unwrap(),
        renewed.body["refreshToken"].as_str().unwrap(),
        renewed.body["accessToken"].as_str().unwrap(),
    ] {
        assert!(!everything.contains(secret));
    }
}

#[tokio::test]
async fn au_28_a_suspended_account_is_refused_at_once() {
    let stack = Stack::new().await;
    let person = stack.register("ada").await;
    suspend(&stack, person.id).await;
    let login = |password: &str| {
        let body = json!({"email": person.email, "password": password});
        stack.api.post("/v1/auth/login").json(body).send()
    };
    login(PASSWORD)
        .await
        .expect(403)
        .problem("account-suspended");
    // Only who knows the password learns of the suspension.
    login("another long password")
        .await
        .expect(401)
        .problem("invalid-credentials");
    stack
        .refresh(&person.refresh)
        .await
        .expect(403)
        .problem("account-suspended");
    stack.get("/v1/users/me", &person).await.expect(401);
}

pub async fn suspend(stack: &Stack, user_id: UserId) {
    let mut commit = Commit::new(stack.world.access(), &cx());
    commit.put(&UserAccess {
        user_id,
        platform_role: PlatformRole::User,
        suspended: true,
        leaving: false,
    });
    commit.execute().await.unwrap();
}

#[tokio::test]
async fn au_01_the_first_account_of_a_stack_is_an_ordinary_one() {
    let stack = Stack::new().await;
    let first = stack.register("first").await;
    let me = stack.get("/v1/users/me", &first).await.expect(200);
    assert_eq!(me.body["platformRole"], "user");
}

#[tokio::test]
async fn sc_10_a_password_may_hold_any_character_and_is_never_cut() {
    let stack = Stack::new().await;
    let long = format!(
        "{}{}",
        "日本語のパスワード\u{1f511}".repeat(9),
        "ending one"
    );
    let body = json!({"email": "ada@example.org", "password": long});
    stack
        .api
        .post("/v1/auth/register")
        .json(body.clone())
        .send()
        .await
        .expect(201);
    stack
        .api
        .post("/v1/auth/login")
        .json(body)
        .send()
        .await
        .expect(200);
    let other = json!({"email": "ada@example.org", "password": long.replace("one", "two")});
    stack
        .api
        .post("/v1/auth/login")
        .json(other)
        .send()
        .await
        .expect(401);
}

/// A token that somebody sends along says nothing of who signs in.
#[tokio::test]
async fn or_07_who_signs_in_acts_and_not_whose_token_was_sent_along() {
    let stack = Stack::new().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let body = json!({"email": ada.email, "password": PASSWORD});
    let login = stack.api.post("/v1/auth/login").token(&eve.access);
    login.json(body).send().await.expect(200);
    let events = stack.world.outbox(stack.world.table()).await;
    let signed_in = events
        .iter()
        .rfind(|event| event.kind == "user.login")
        .unwrap();
    assert_eq!(signed_in.data["userId"], ada.id.to_string());
    assert_eq!(signed_in.actor, None);
}
