//! ID tokens that are not to be believed.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::digest::{base64url, hmac};

use super::{
    CLIENT,
    fake::{FakeKey, Scene},
};

type Change = fn(&mut Value);

/// OpenID Connect Core §3.1.3.7, each rule broken by itself.
#[tokio::test]
async fn au_17_18_an_id_token_that_breaks_one_rule_signs_nobody_in() {
    let scene = Scene::new().await;
    let broken: &[(&str, Change)] = &[
        ("another issuer", |c| {
            c["iss"] = json!("https://evil.example");
        }),
        ("another client", |c| c["aud"] = json!("another")),
        ("others among them", |c| {
            c["aud"] = json!([CLIENT, "another"]);
        }),
        ("another party", |c| c["azp"] = json!("another")),
        ("for nobody", |c| c["aud"] = json!([])),
        ("expired", |c| {
            c["exp"] = json!(c["iat"].as_i64().unwrap() - 60);
        }),
        ("of the future", |c| {
            c["iat"] = json!(c["iat"].as_i64().unwrap() + 61);
        }),
        ("not yet", |c| {
            c["nbf"] = json!(c["iat"].as_i64().unwrap() + 61);
        }),
        ("another sign-in", |c| c["nonce"] = json!("another")),
        ("no nonce", |c| c["nonce"] = Value::Null),
        ("another access token", |c| {
            c["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
        }),
        ("nobody", |c| c["sub"] = json!("")),
        ("too much", |c| c["sub"] = json!("s".repeat(256))),
        ("no time", |c| c["exp"] = Value::Null),
    ];
    for (name, change) in broken {
        let begun = scene.stack.begin("google").await;
        scene.vouch_with(&begun, "ada", change);
        let refused = scene.stack.finish(&begun, "c0de").await;
        assert_eq!(refused.status, 400, "{name}: {}", refused.text);
        refused.problem("provider-refused");
    }
    assert!(scene.stack.event_types().await.is_empty());
    // A wrong nonce is wrong also where it may be left out.
    let begun = scene.stack.begin("linkedin").await;
    scene.vouch_with(&begun, "ada", |c| c["nonce"] = json!("another"));
    scene.stack.finish(&begun, "c0de").await.expect(400);
    // Within the rules.
    let begun = scene.stack.begin("google").await;
    scene.vouch_with(&begun, "ada", |c| {
        c["aud"] = json!([CLIENT, "another"]);
        c["azp"] = json!(CLIENT);
    });
    scene.stack.finish(&begun, "c0de").await.expect(200);
}

/// RFC 8725: the key decides the algorithm, not the token.
#[tokio::test]
async fn au_17_18_a_forged_signature_signs_nobody_in() {
    let scene = Scene::new().await;
    let (key, stranger) = (&scene.key, FakeKey::new());
    let begun = scene.stack.begin("google").await;
    let claims = scene.claims(&begun, "ada");
    let unsigned = |header: Value| {
        let parts = [header, claims.clone()].map(|part| base64url(part.to_string()));
        parts.join(".")
    };
    let kid = &key.public.kid;
    let none = unsigned(json!({"alg": "none", "kid": kid}));
    let with_public_key = unsigned(json!({"alg": "HS256", "kid": kid}));
    let mac = hmac(key.jwk().to_string().as_bytes(), with_public_key.as_bytes());
    let as_rsa = unsigned(json!({"alg": "RS256", "kid": kid}));
    let genuine = key.sign(&claims);
    let (head, signature) = genuine.rsplit_once('.').unwrap();
    let other = key.sign(&scene.claims(&begun, "eve"));
    let swapped = format!("{head}.{}", other.rsplit_once('.').unwrap().1);
    for (name, token) in [
        ("none", format!("{none}.")),
        ("none, signed", format!("{none}.{signature}")),
        ("hmac", format!("{with_public_key}.{mac}")),
        ("another family", format!("{as_rsa}.{signature}")),
        ("another key", stranger.sign(&claims)),
        ("another token's", swapped),
        ("nothing", String::new()),
        ("too long", format!("{genuine}{}", "A".repeat(20_000))),
    ] {
        let begun = scene.stack.begin("google").await;
        scene.fake.gives(&token);
        let refused = scene.stack.finish(&begun, "c0de").await;
        assert_eq!(refused.status, 400, "{name}: {}", refused.text);
    }
    scene.fake.gives(&genuine);
    scene.stack.finish(&begun, "c0de").await.expect(200);
}

/// Providers change their keys; who invents key ids must not have us ask again
/// and again.
#[tokio::test]
async fn au_17_18_unknown_keys_are_looked_for_once_a_minute() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let begun = stack.begin("google").await;
    scene.vouch(&begun, "ada");
    stack.finish(&begun, "c0de").await.expect(200);
    scene.fake.seen();
    let next = FakeKey::new();
    scene.fake.publish(&[&next]);
    let tried = async |key: &FakeKey| {
        let begun = stack.begin("google").await;
        scene.fake.gives(&key.sign(&scene.claims(&begun, "ada")));
        stack.finish(&begun, "c0de").await.status.as_u16()
    };
    for _ in 0..3 {
        assert_eq!(tried(&FakeKey::new()).await, 400);
    }
    assert_eq!(scene.forms("/jwks").len(), 0);
    stack.world.clock.advance(SignedDuration::from_secs(61));
    for _ in 0..3 {
        assert_eq!(tried(&FakeKey::new()).await, 400);
    }
    assert_eq!(scene.forms("/jwks").len(), 1);
    assert_eq!(tried(&next).await, 200);
    // A key that was taken back signs no more.
    assert_eq!(tried(&scene.key).await, 400);
}
