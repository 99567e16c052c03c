use futures::future::join_all;
use jiff::SignedDuration;
use plenary_auth::model::{refresh::RefreshToken, session::Session};
use shared::{testing::World, token};

use crate::support::{Person, Stack};

async fn session(stack: &Stack, token: &str) -> Option<Session> {
    let token = RefreshToken::parse(token).unwrap();
    stack
        .app
        .store
        .session(token.user(), token.session())
        .await
        .unwrap()
}

fn text(reply: &shared::testing::TestReply, name: &str) -> String {
    reply.body[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn au_07_a_refresh_token_is_exchanged_for_a_new_pair() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    stack.world.clock.advance(SignedDuration::from_mins(20));
    stack.get("/v1/users/me", &person).await.expect(401);
    let pair = stack.refresh(&person.refresh).await.expect(200);
    assert_eq!(pair.body["tokenType"], "Bearer");
    assert_eq!(pair.body["expiresIn"], 900);
    assert_ne!(text(&pair, "refreshToken"), person.refresh);
    let renewed = Person {
        access: text(&pair, "accessToken"),
        ..person.clone()
    };
    stack.get("/v1/users/me", &renewed).await.expect(200);
    // Still the same session.
    let list = stack.get("/v1/auth/sessions", &renewed).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(list.body["items"][0]["lastSeenAt"], "2026-09-01T10:20:00Z");
    stack
        .refresh(&text(&pair, "refreshToken"))
        .await
        .expect(200);
}

#[tokio::test]
async fn au_07_within_the_grace_the_identical_pair_comes_again() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let first = stack.refresh(&person.refresh).await.expect(200);
    for _ in 0..3 {
        stack.world.clock.advance(SignedDuration::from_secs(10));
        let again = stack.refresh(&person.refresh).await.expect(200);
        assert_eq!(again.text, first.text);
    }
    assert_eq!(session(&stack, &person.refresh).await.unwrap().version, 2);
    stack
        .refresh(&text(&first, "refreshToken"))
        .await
        .expect(200);
}

#[tokio::test]
async fn au_07_reuse_after_the_grace_ends_the_session() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let pair = stack.refresh(&person.refresh).await.expect(200);
    stack.world.clock.advance(SignedDuration::from_secs(31));
    let thief = stack
        .refresh(&person.refresh)
        .await
        .expect(401)
        .problem("invalid-refresh-token");
    assert!(thief.header("www-authenticate").contains("invalid_token"));
    // The whole family: the newest pair too.
    stack
        .refresh(&text(&pair, "refreshToken"))
        .await
        .expect(401);
    let renewed = Person {
        access: text(&pair, "accessToken"),
        ..person.clone()
    };
    stack.get("/v1/users/me", &renewed).await.expect(401);
    let event = stack.last_event("session.revoked").await;
    assert_eq!(event["userId"], person.id.to_string());
    assert!(session(&stack, &person.refresh).await.is_none());
    // The user's other sign-ins go on.
    let other = stack.register("bea").await;
    stack.refresh(&other.refresh).await.expect(200);
}

#[tokio::test]
async fn au_07_a_token_of_two_generations_ago_ends_the_session_at_once() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let second = text(
        &stack.refresh(&person.refresh).await.expect(200),
        "refreshToken",
    );
    let third = text(&stack.refresh(&second).await.expect(200), "refreshToken");
    stack.refresh(&person.refresh).await.expect(401);
    stack.refresh(&third).await.expect(401);
}

#[tokio::test]
async fn au_07_an_invented_token_ends_nothing() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let real = RefreshToken::parse(&person.refresh).unwrap();
    let invented = RefreshToken::first(real.user(), real.session())
        .unwrap()
        .reveal();
    stack
        .refresh(&invented)
        .await
        .expect(401)
        .problem("invalid-refresh-token");
    let nobody = RefreshToken::first(shared::id::UserId::new(), real.session())
        .unwrap()
        .reveal();
    stack
        .refresh(&nobody)
        .await
        .expect(401)
        .problem("invalid-refresh-token");
    for junk in ["", "plr_", "x", &person.access] {
        stack
            .refresh(junk)
            .await
            .expect(401)
            .problem("invalid-refresh-token");
    }
    let secret = person.refresh.splitn(3, '_').nth(2).unwrap();
    let ids = person.refresh.strip_suffix(secret).unwrap();
    let first = if secret.starts_with('A') { 'B' } else { 'A' };
    stack
        .refresh(&format!("{ids}{first}{}", &secret[1..]))
        .await
        .expect(401);
    assert!(
        !stack
            .event_types()
            .await
            .contains(&"session.revoked".to_owned())
    );
    stack.refresh(&person.refresh).await.expect(200);
}

#[tokio::test]
async fn au_07_racing_refreshes_of_one_token_get_one_pair() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let replies = join_all((0..64).map(|_| stack.refresh(&person.refresh))).await;
    let first = replies[0].clone().expect(200);
    for reply in &replies {
        assert_eq!(reply.text, first.text, "everybody gets the identical pair");
    }
    let session = session(&stack, &person.refresh).await.unwrap();
    assert_eq!(session.version, 2, "one new generation");
    stack
        .refresh(&text(&first, "refreshToken"))
        .await
        .expect(200);
}

/// B1-05: however many race with one token, one family goes on and no session
/// is lost. `PLENARY_RACES` sets how many, 1,000 if it does not.
#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "a dial of this test alone")]
async fn au_07_b1_05_a_thousand_racing_refreshes_of_one_token_are_one_family() {
    let races = std::env::var("PLENARY_RACES").map_or(1_000, |text| text.parse().unwrap());
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let mut answer: Option<String> = None;
    let mut left: u32 = races;
    while left > 0 {
        let chunk = left.min(250);
        left -= chunk;
        for reply in join_all((0..chunk).map(|_| stack.refresh(&person.refresh))).await {
            let text = reply.expect(200).text;
            assert_eq!(*answer.get_or_insert_with(|| text.clone()), text);
        }
    }
    let pair: serde_json::Value = serde_json::from_str(&answer.unwrap()).unwrap();
    let next = pair["refreshToken"].as_str().unwrap();
    let old = RefreshToken::parse(&person.refresh).unwrap();
    let new = RefreshToken::parse(next).unwrap();
    assert!(old.family_hash().matches(&new.family_hash()));
    assert_eq!(session(&stack, next).await.unwrap().version, 2);
    let person = Person {
        access: pair["accessToken"].as_str().unwrap().to_owned(),
        ..person
    };
    let list = stack.get("/v1/auth/sessions", &person).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(list.body["items"][0]["current"], true);
    let types = stack.event_types().await;
    assert!(!types.contains(&"session.revoked".to_owned()));
    stack.refresh(next).await.expect(200);
}

#[tokio::test]
async fn au_09_access_tokens_live_15_minutes_and_sessions_30_days_since_the_last_refresh() {
    let stack = Stack::new().await;
    let mut person = stack.person("ada").await;
    stack.world.clock.advance(SignedDuration::from_secs(899));
    stack.get("/v1/users/me", &person).await.expect(200);
    stack.world.clock.advance(SignedDuration::from_secs(1));
    let late = stack
        .get("/v1/users/me", &person)
        .await
        .expect(401)
        .problem("unauthenticated");
    assert!(late.header("www-authenticate").contains("expired"));
    for _ in 0..3 {
        stack
            .world
            .clock
            .advance(SignedDuration::from_hours(29 * 24));
        person.refresh = text(
            &stack.refresh(&person.refresh).await.expect(200),
            "refreshToken",
        );
    }
    stack
        .world
        .clock
        .advance(SignedDuration::from_hours(30 * 24));
    stack
        .refresh(&person.refresh)
        .await
        .expect(401)
        .problem("invalid-refresh-token");
}

#[tokio::test]
async fn au_09_the_lifetimes_are_the_operators_choice() {
    let stack = Stack::with(World::of("auth").await, |settings| {
        settings.lifetimes.access = SignedDuration::from_mins(60);
    });
    let person = stack.person("ada").await;
    stack.world.clock.advance(SignedDuration::from_mins(59));
    stack.get("/v1/users/me", &person).await.expect(200);
    let reply = stack.refresh(&person.refresh).await.expect(200);
    assert_eq!(reply.body["expiresIn"], 3600);
    assert!(token::key_id(&text(&reply, "accessToken")).is_ok());
}
