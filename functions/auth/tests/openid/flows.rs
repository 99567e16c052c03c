//! From leaving to coming back.

use futures::future::join_all;
use jiff::SignedDuration;
use plenary_auth::model::pkce::challenge_of;
use serde_json::json;

use super::{Begun, CLIENT, PLACE, SECRET, fake::Scene, parameters};
use crate::support::{Person, Stack};

async fn back(stack: &Stack, provider: &str, query: &[(&str, &str)]) -> shared::testing::TestReply {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(query);
    let path = format!("/v1/auth/oauth/{provider}/callback?{}", text.finish());
    stack.api.get(&path).send().await
}

#[tokio::test]
async fn au_17_18_leaving_tells_the_provider_what_it_must_know_and_no_more() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let begun = stack.begin("google").await;
    let query = parameters(begun.url.split_once('?').unwrap().1);
    assert!(
        begun
            .url
            .starts_with(&format!("{}/authorize?", scene.fake.issuer))
    );
    assert_eq!(query["client_id"], CLIENT);
    assert_eq!(query["scope"], "openid profile email");
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["code_challenge_method"], "S256");
    let callback = "https://api.plenary.test/v1/auth/oauth/google/callback";
    assert_eq!(query["redirect_uri"], callback);
    // The exchange proves it, with the secret and without what the app holds.
    scene.vouch(&begun, "ada");
    stack.finish(&begun, "c0de").await.expect(200);
    let form = &scene.forms("/token")[0];
    assert_eq!(
        challenge_of(&form["code_verifier"]),
        query["code_challenge"]
    );
    assert_eq!(form["client_secret"], SECRET);
    assert_eq!(
        (form["code"].as_str(), form["redirect_uri"].as_str()),
        ("c0de", callback)
    );
    assert_ne!(form["code_verifier"], begun.verifier);
    // LinkedIn refuses a verifier beside a secret, and repeats no nonce.
    let begun = stack.begin("linkedin").await;
    assert!(!begun.url.contains("code_challenge"));
    scene.vouch_with(&begun, "eve", |claims| {
        claims.as_object_mut().unwrap().remove("nonce");
    });
    stack.finish(&begun, "c0de").await.expect(200);
    assert!(!scene.forms("/token")[0].contains_key("code_verifier"));
}

#[tokio::test]
async fn au_17_a_sign_in_begins_only_with_a_known_provider_place_and_challenge() {
    let scene = Scene::new().await;
    let challenge = challenge_of(&"v".repeat(43));
    let stack = &scene.stack;
    let refused = stack
        .start("google", "https://evil.example/", &challenge)
        .await;
    refused.expect(400).problem("redirect-refused");
    let longer = format!("{PLACE}/x");
    let refused = stack.start("google", &longer, &challenge).await;
    refused.expect(400).problem("redirect-refused");
    stack
        .start("google", PLACE, "short")
        .await
        .expect(400)
        .problem("invalid-request");
    stack.start("myspace", PLACE, &challenge).await.expect(404);
    let missing = stack.api.get("/v1/auth/oauth/google/start").send().await;
    missing.expect(400);
    // A browser is sent there.
    let query = format!("redirectUri={PLACE}&codeChallenge={challenge}");
    let sent = stack
        .api
        .get(&format!("/v1/auth/oauth/google/start?{query}"));
    let sent = sent
        .header("accept", "text/html,*/*")
        .send()
        .await
        .expect(302);
    assert!(sent.header("location").starts_with(&scene.fake.issuer));
    let off = Stack::new().await;
    let refused = off.start("google", PLACE, &challenge).await;
    refused.expect(404).problem("provider-not-configured");
    for path in [
        "/v1/auth/oauth/linkedin/callback?state=x",
        "/v1/auth/oauth/google/callback?state=x",
    ] {
        let refused = off.api.get(path).send().await.expect(404);
        refused.problem("provider-not-configured");
    }
}

/// Tokens are in no URL, and looking at one uses nothing up.
#[tokio::test]
async fn au_17_the_browser_comes_back_to_the_app_with_nothing_but_a_code() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let begun = stack.begin("google").await;
    let state = begun.state.as_str();
    let issuer = scene.fake.issuer.as_str();
    for _ in 0..2 {
        let query = [
            ("code", "c0&de"),
            ("state", state),
            ("iss", issuer),
            ("scope", "x"),
        ];
        let sent = back(stack, "google", &query).await.expect(302);
        let (place, fragment) = sent.header("location").split_once('#').unwrap();
        assert_eq!(place, PLACE);
        let fragment = parameters(fragment);
        assert_eq!(
            (fragment["code"].as_str(), fragment["state"].as_str()),
            ("c0&de", state)
        );
        assert_eq!(sent.header("referrer-policy"), "no-referrer");
    }
    // What went wrong is passed on as a word, never as text.
    for (error, told) in [
        ("access_denied", "access_denied"),
        ("<script>", "server_error"),
    ] {
        let sent = back(stack, "google", &[("error", error), ("state", state)]).await;
        let sent = sent.expect(302);
        let fragment = parameters(sent.header("location").split_once('#').unwrap().1);
        assert_eq!(fragment["error"], told);
        assert!(!fragment.contains_key("code"));
    }
    // Another provider's answer, another issuer's, and one to nothing we asked.
    for (provider, query) in [
        ("linkedin", vec![("code", "c"), ("state", state)]),
        (
            "google",
            vec![
                ("code", "c"),
                ("state", state),
                ("iss", "https://evil.example"),
            ],
        ),
        ("google", vec![("code", "c"), ("state", "invented")]),
    ] {
        let refused = back(stack, provider, &query).await.expect(410);
        refused.problem("sign-in-gone");
    }
    scene.vouch(&begun, "ada");
    let signed = stack.finish(&begun, "c0&de").await.expect(200);
    assert_eq!(Person::of(&signed).email, "ada@example.org");
}

#[tokio::test]
async fn au_17_a_state_works_once_for_its_app_its_provider_its_purpose_and_ten_minutes() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let ada = stack.verified_person("ada").await;
    let begun = stack.begin("google").await;
    scene.vouch(&begun, "carl");
    scene.fake.seen();
    let gone = async |begun: &Begun| {
        let refused = stack.finish(begun, "c0de").await.expect(410);
        refused.problem("sign-in-gone");
    };
    // Login CSRF: the state of one browser with the verifier of another.
    let other = stack.begin("google").await;
    let mixed = |state: &Begun, verifier: &Begun, provider| Begun {
        provider,
        url: String::new(),
        state: state.state.clone(),
        nonce: String::new(),
        verifier: verifier.verifier.clone(),
    };
    gone(&mixed(&begun, &other, "google")).await;
    gone(&mixed(&begun, &begun, "linkedin")).await;
    let linking = stack.finish_linking(&ada, &begun, "c0de").await;
    linking.expect(410).problem("sign-in-gone");
    let invented = Begun {
        state: "A".repeat(43),
        ..mixed(&begun, &begun, "google")
    };
    gone(&invented).await;
    let begun_link = stack.begin_linking(&ada, "google").await;
    gone(&begun_link).await;
    let eve = stack.verified_person("eve").await;
    let by_another = stack.finish_linking(&eve, &begun_link, "c0de").await;
    by_another.expect(410).problem("sign-in-gone");
    assert_eq!(scene.forms("/token").len(), 0, "no code has left");
    // None of that harmed it.
    stack.finish(&begun, "c0de").await.expect(200);
    gone(&begun).await;
    let late = stack.begin("google").await;
    stack.world.clock.advance(SignedDuration::from_mins(10));
    gone(&late).await;
}

#[tokio::test]
async fn au_17_of_racing_returns_one_signs_in() {
    let scene = Scene::new().await;
    let begun = scene.stack.begin("google").await;
    scene.vouch(&begun, "ada");
    scene.fake.seen();
    let tries = (0..6).map(|_| scene.stack.finish(&begun, "c0de"));
    let replies = join_all(tries).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1, "{replies:?}");
    assert_eq!(scene.forms("/token").len(), 1);
}

/// A code that the provider refuses, because it was used or is another client's.
#[tokio::test]
async fn au_17_a_code_that_the_provider_refuses_signs_nobody_in() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let begun = stack.begin("google").await;
    let refused = stack.finish(&begun, "used").await.expect(400);
    refused.problem("provider-refused");
    let begun = stack.begin("google").await;
    scene.fake.tokens(200, json!({"access_token": "a"}));
    let refused = stack.finish(&begun, "c0de").await.expect(400);
    refused.problem("provider-refused");
    // A client that is not set up as it should be is the operator's matter.
    let begun = stack.begin("google").await;
    scene.fake.tokens(401, json!({"error": "invalid_client"}));
    let failed = stack.finish(&begun, "c0de").await.expect(500);
    assert!(!failed.text.contains("client"), "{}", failed.text);
    assert!(stack.event_types().await.is_empty());
}

/// AU-29: neither the state nor what was sealed under it can be had from the
/// table.
#[tokio::test]
async fn au_17_au_29_the_table_holds_no_state_no_verifier_and_no_nonce() {
    let scene = Scene::new().await;
    let begun = scene.stack.begin("google").await;
    let kept = scene.stack.everything().await;
    assert!(kept.contains("OAUTH#"));
    for secret in [&begun.state, &begun.nonce, &begun.verifier] {
        assert!(!kept.contains(secret.as_str()));
    }
    scene.vouch(&begun, "ada");
    scene.fake.seen();
    scene.stack.finish(&begun, "c0de").await.expect(200);
    let verifier = scene.forms("/token")[0]["code_verifier"].clone();
    let kept = kept + &scene.stack.everything().await;
    for secret in [verifier.as_str(), "acc3ss", "r3fresh", SECRET] {
        assert!(!kept.contains(secret), "{secret}");
    }
}
