use std::sync::Arc;

use jiff::SignedDuration;
use plenary_auth::{App, Settings, store::Spent};
use serde_json::json;
use shared::testing::{ISSUER, World, now};

use crate::support::{Person, Stack};

async fn logout(stack: &Stack, person: &Person) -> shared::testing::TestReply {
    stack
        .api
        .post("/v1/auth/logout")
        .token(&person.access)
        .send()
        .await
}

#[tokio::test]
async fn au_06_signing_out_ends_the_session_everywhere() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let session = stack.get("/v1/auth/session", &person).await.expect(200);
    logout(&stack, &person).await.expect(204);
    stack
        .get("/v1/users/me", &person)
        .await
        .expect(401)
        .problem("unauthenticated");
    stack
        .get("/v1/auth/session", &person)
        .await
        .expect(401)
        .problem("unauthenticated");
    stack
        .refresh(&person.refresh)
        .await
        .expect(401)
        .problem("invalid-refresh-token");
    let event = stack.last_event("user.logout").await;
    let wanted = json!({"userId": person.id, "sessionId": session.body["sessionId"]});
    assert_eq!(event, wanted);
    // Again changes nothing.
    logout(&stack, &person).await.expect(401);
    assert_eq!(
        stack
            .event_types()
            .await
            .iter()
            .filter(|kind| *kind == "user.logout")
            .count(),
        1
    );
}

#[tokio::test]
async fn au_06_signing_out_of_all_devices_ends_every_session() {
    let stack = Stack::new().await;
    let first = stack.register("ada").await;
    let mut sessions = vec![first.clone()];
    for _ in 0..3 {
        sessions.push(stack.login(&first).await);
    }
    let bystander = stack.person("bea").await;
    let body = json!({"allDevices": true});
    stack
        .api
        .post("/v1/auth/logout")
        .token(&first.access)
        .json(body)
        .send()
        .await
        .expect(204);
    for session in &sessions {
        stack.get("/v1/users/me", session).await.expect(401);
        stack.refresh(&session.refresh).await.expect(401);
    }
    stack.get("/v1/users/me", &bystander).await.expect(200);
    let types = stack.event_types().await;
    assert_eq!(
        types
            .iter()
            .filter(|kind| *kind == "session.revoked")
            .count(),
        3
    );
    assert_eq!(
        types.iter().filter(|kind| *kind == "user.logout").count(),
        1
    );
}

#[tokio::test]
async fn au_06_a_logout_with_an_unknown_member_is_refused_and_changes_nothing() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let body = json!({"everywhere": true});
    let reply = stack
        .api
        .post("/v1/auth/logout")
        .token(&person.access)
        .json(body)
        .send()
        .await;
    reply.expect(400).problem("invalid-request");
    stack.get("/v1/users/me", &person).await.expect(200);
    stack.api.post("/v1/auth/logout").send().await.expect(401);
}

#[tokio::test]
async fn au_10_a_revoked_session_is_known_by_its_id_until_its_tokens_are_over() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    logout(&stack, &person).await.expect(204);
    let items = stack.world.db.items(stack.world.access()).await;
    let revoked: Vec<_> = items
        .iter()
        .filter(|item| item["sk"].as_s().unwrap().starts_with("SESSION#"))
        .collect();
    assert_eq!(revoked.len(), 1);
    let until: i64 = revoked[0]["ttl"].as_n().unwrap().parse().unwrap();
    let life = until - now().as_second();
    // As long as the longest token that an operator can allow.
    assert!((3600..=3900).contains(&life), "kept for {life} s");
    assert!(!format!("{revoked:?}").contains(&person.access));
    // Once the tokens have expired by themselves, nothing is let in either.
    stack.world.clock.advance(SignedDuration::from_hours(2));
    stack.get("/v1/users/me", &person).await.expect(401);
}

#[tokio::test]
async fn au_12_b1_06_sessions_are_listed_with_device_place_and_time() {
    let stack = Stack::new().await;
    let first = stack.register("ada").await;
    stack.world.clock.advance(SignedDuration::from_mins(1));
    let login = stack
        .api
        .post("/v1/auth/login")
        .from_ip("193.0.6.77")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .json(json!({"email": first.email, "password": crate::support::PASSWORD}));
    let second = Person::of(&login.send().await.expect(200));
    let list = stack.get("/v1/auth/sessions", &second).await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["current"], true, "the newest first");
    assert_eq!(items[0]["device"], "Firefox on Linux");
    assert_eq!(items[0]["address"], "193.0.6.0/24");
    assert_eq!(items[0]["country"], "NL");
    assert_eq!(items[0]["lastSeenAt"], "2026-09-01T10:01:00Z");
    assert_eq!(items[0]["createdAt"], "2026-09-01T10:01:00Z");
    assert_eq!(items[1]["current"], false);
    assert!(items[1]["country"].is_null());
    assert!(!list.text.contains("193.0.6.77"));
    assert!(list.body["nextCursor"].is_null());
    // Nobody sees those of others.
    let eve = stack.person("eve").await;
    let list = stack.get("/v1/auth/sessions", &eve).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn au_12_the_list_is_bounded_and_goes_on_by_cursor() {
    let stack = Stack::new().await;
    let first = stack.register("ada").await;
    for _ in 0..2 {
        stack.login(&first).await;
    }
    let page = stack
        .get("/v1/auth/sessions?limit=2", &first)
        .await
        .expect(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 2);
    let cursor = page.body["nextCursor"].as_str().unwrap().to_owned();
    let next = format!("/v1/auth/sessions?limit=2&cursor={cursor}");
    assert_eq!(page.header("link"), format!("<{next}>; rel=\"next\""));
    let rest = stack.get(&next, &first).await.expect(200);
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest.header("link"), "");
    let eve = stack.person("eve").await;
    let reply = stack
        .get(&format!("/v1/auth/sessions?cursor={cursor}"), &eve)
        .await;
    reply.expect(400).problem("invalid-request");
}

#[tokio::test]
async fn au_12_b1_06_one_session_or_all_others_can_be_ended() {
    let stack = Stack::new().await;
    let first = stack.register("ada").await;
    let (second, third) = (stack.login(&first).await, stack.login(&first).await);
    let session = stack.get("/v1/auth/session", &second).await.expect(200);
    let path = format!(
        "/v1/auth/sessions/{}",
        session.body["sessionId"].as_str().unwrap()
    );
    // Not by somebody else, who cannot even tell that it exists.
    let eve = stack.person("eve").await;
    stack
        .api
        .delete(&path)
        .token(&eve.access)
        .send()
        .await
        .expect(404)
        .problem("not-found");
    stack.get("/v1/users/me", &second).await.expect(200);
    stack.api.delete(&path).send().await.expect(401);

    stack
        .api
        .delete(&path)
        .token(&first.access)
        .send()
        .await
        .expect(204);
    stack.get("/v1/users/me", &second).await.expect(401);
    stack.refresh(&second.refresh).await.expect(401);
    let told = json!({"userId": first.id, "sessionId": session.body["sessionId"]});
    assert_eq!(stack.last_event("session.revoked").await, told);
    stack
        .api
        .delete(&path)
        .token(&first.access)
        .send()
        .await
        .expect(404);

    let other = stack.get("/v1/auth/session", &third).await.expect(200);
    stack
        .api
        .delete("/v1/auth/sessions")
        .token(&first.access)
        .send()
        .await
        .expect(204);
    let told = json!({"userId": first.id, "sessionId": other.body["sessionId"]});
    assert_eq!(stack.last_event("session.revoked").await, told);
    stack.get("/v1/users/me", &third).await.expect(401);
    stack.get("/v1/users/me", &first).await.expect(200);
    let list = stack.get("/v1/auth/sessions", &first).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn au_12_more_sessions_than_a_transaction_holds_are_ended_too() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let account = stack.app.store.account(person.id).await.unwrap().unwrap();
    for _ in 0..49 {
        let cx = shared::testing::cx();
        let (session, _) = stack
            .app
            .begin_session(
                &cx,
                &account,
                &[plenary_auth::model::session::Method::Password],
            )
            .await
            .unwrap();
        stack
            .app
            .store
            .login(&cx, &session, &Spent::default())
            .await
            .unwrap();
    }
    stack
        .api
        .delete("/v1/auth/sessions")
        .token(&person.access)
        .send()
        .await
        .expect(204);
    let list = stack
        .get("/v1/auth/sessions?limit=100", &person)
        .await
        .expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    let types = stack.event_types().await;
    assert_eq!(
        types
            .iter()
            .filter(|kind| *kind == "session.revoked")
            .count(),
        49
    );
}

/// Who knows the password makes no more work than fifty sessions are.
#[tokio::test]
async fn au_07_au_14_a_person_has_fifty_sessions_and_one_more_ends_the_oldest() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let sign_in = async || {
        stack.world.clock.advance(SignedDuration::from_secs(1));
        stack.begun(&ada).await
    };
    let second = sign_in().await;
    for _ in 2..50 {
        sign_in().await;
    }
    assert_eq!(stack.session_count(&ada).await, 50);
    stack.get("/v1/users/me", &ada).await.expect(200);
    let last = sign_in().await;
    assert_eq!(stack.session_count(&ada).await, 50);
    stack.world.clock.advance(SignedDuration::from_secs(5));
    stack.get("/v1/users/me", &ada).await.expect(401);
    stack.refresh(&ada.refresh).await.expect(401);
    let told = stack.last_event("session.revoked").await;
    assert_eq!(told["userId"], ada.id.to_string());
    for session in [second, last] {
        stack.refresh(&session.refresh).await.expect(200);
    }
}

/// The tokens of an ended session were signed under the setting of their time.
#[tokio::test]
async fn au_06_au_09_an_ended_session_stays_ended_when_tokens_get_a_shorter_life() {
    let stack = Stack::with(World::of("auth").await, |settings| {
        settings.lifetimes.access = SignedDuration::from_mins(60);
    });
    let ada = stack.person("ada").await;
    let mut settings = Settings::new(ISSUER);
    settings.lifetimes.access = SignedDuration::from_mins(5);
    let redeployed = App {
        settings: Arc::new(settings),
        ..stack.app.clone()
    };
    let api = plenary_auth::api(stack.world.core.clone()).build(redeployed);
    let api = stack.world.api(api);
    let logout = api.post("/v1/auth/logout").token(&ada.access);
    logout.send().await.expect(204);
    for _ in 0..6 {
        stack.world.clock.advance(SignedDuration::from_secs(599));
        stack.get("/v1/users/me", &ada).await.expect(401);
    }
}
