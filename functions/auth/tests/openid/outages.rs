//! Providers that fail.

use jiff::SignedDuration;
use plenary_auth::model::pkce::challenge_of;
use shared::testing::TestReply;

use super::{
    PLACE,
    fake::{Mood, Scene},
};

impl Scene {
    async fn tries(&self, provider: &str) -> TestReply {
        let challenge = challenge_of(&"v".repeat(43));
        self.stack.start(provider, PLACE, &challenge).await
    }
}

/// All instances share what one learnt; the pause is the clock's.
#[tokio::test]
async fn gw_21_a_provider_that_is_down_is_left_alone_and_tried_again() {
    let scene = Scene::new().await;
    scene.fake.mood(Mood::Status(503));
    for _ in 0..5 {
        let failed = scene.tries("google").await.expect(503);
        assert_eq!(failed.header("retry-after"), "1");
        failed.problem("unavailable");
    }
    let asked = scene.fake.seen().len();
    assert!(asked >= 5, "{asked}");
    let failed = scene.tries("google").await.expect(503);
    let pause: i64 = failed.header("retry-after").parse().unwrap();
    assert!((2..=16).contains(&pause), "{pause}");
    assert_eq!(scene.fake.seen().len(), 0, "nothing has left");
    // The other provider has a breaker of its own.
    scene.fake.mood(Mood::Fine);
    scene.tries("linkedin").await.expect(200);
    scene.tries("google").await.expect(503);
    scene
        .stack
        .world
        .clock
        .advance(SignedDuration::from_secs(pause));
    scene.tries("google").await.expect(200);
    scene.tries("google").await.expect(200);
}

/// GW-14: what may be asked twice is; a code is sent once.
#[tokio::test]
async fn gw_14_documents_are_asked_for_again_and_a_code_is_exchanged_once() {
    let scene = Scene::new().await;
    scene.fake.mood(Mood::StatusOnce(500));
    scene.tries("google").await.expect(200);
    assert_eq!(scene.fake.seen().len(), 2);
    scene.fake.mood(Mood::Fine);
    let begun = scene.stack.begin("google").await;
    scene.vouch(&begun, "ada");
    scene.fake.seen();
    scene.fake.mood(Mood::Status(502));
    let failed = scene.stack.finish(&begun, "c0de").await.expect(503);
    failed.problem("unavailable");
    assert_eq!(scene.forms("/token").len(), 1);
    // The flow is over all the same: its code may have been used.
    scene.fake.mood(Mood::Fine);
    let again = scene.stack.finish(&begun, "c0de").await.expect(410);
    again.problem("sign-in-gone");
}

/// GW-13: the answer comes within the request's five seconds.
#[tokio::test]
async fn gw_13_a_provider_that_says_nothing_is_a_504() {
    let scene = Scene::new().await;
    scene.fake.mood(Mood::Silent);
    let began = std::time::Instant::now();
    let failed = scene.tries("google").await.expect(504);
    assert!(
        failed.header("retry-after").parse::<u32>().is_ok(),
        "ours, not the frame's"
    );
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

/// What was learnt of a provider outlives its outage for a day.
#[tokio::test]
async fn gw_21_known_documents_serve_through_an_outage() {
    let scene = Scene::new().await;
    scene.tries("google").await.expect(200);
    scene
        .stack
        .world
        .clock
        .advance(SignedDuration::from_hours(2));
    scene.fake.mood(Mood::Status(500));
    scene.tries("google").await.expect(200);
    scene
        .stack
        .world
        .clock
        .advance(SignedDuration::from_hours(24));
    scene.tries("google").await.expect(503);
}
