use std::sync::Arc;

use futures::future::join_all;
use plenary_auth::{
    App, Settings,
    keyring::KeyRing,
    sealer::{Purpose, Sealer},
};
use serde_json::Value;
use shared::{
    aws::Aws,
    digest::{base64url, from_base64url},
    objects::Bucket,
    testing::{ISSUER, World, cx},
};

use crate::support::{MemorySealer, Person, Stack};

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&from_base64url(part).unwrap()).unwrap()
}

#[tokio::test]
async fn au_08_access_tokens_are_at_jwt_with_es256_and_say_no_more_than_they_must() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let header = part(&person.access, 0);
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header["typ"], "at+jwt");
    let claims = part(&person.access, 1);
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], ISSUER);
    assert_eq!(claims["sub"], person.id.to_string());
    assert!(claims["sid"].as_str().unwrap().starts_with("session_"));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    assert!(claims["jti"].is_string());
    for absent in ["email", "name", "role", "roles", "password"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn au_08_the_token_names_the_default_organisation() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    assert!(part(&person.access, 1).get("org").is_none());
    let org = stack.organization(&person, "rust-conf").await;
    stack.organization(&person, "second-conf").await;
    let renewed = stack.refresh(&person.refresh).await.expect(200);
    let claims = part(renewed.body["accessToken"].as_str().unwrap(), 1);
    assert_eq!(claims["org"], org.to_string());
}

#[tokio::test]
async fn au_08_tampered_tokens_are_refused() {
    let stack = Stack::new().await;
    let person = stack.person("ada").await;
    let eve = stack.person("eve").await;
    let [head, claims, signature] = person.access.split('.').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let others = eve.access.split('.').collect::<Vec<_>>();
    let none = base64url(r#"{"alg":"none","typ":"at+jwt"}"#);
    let mut escalated = part(&person.access, 1);
    escalated["sub"] = Value::from(eve.id.to_string());
    let escalated = base64url(escalated.to_string());
    for forged in [
        format!("{head}.{}.{signature}", others[1]),
        format!("{head}.{escalated}.{signature}"),
        format!("{head}.{claims}.{}", others[2]),
        format!("{head}.{claims}."),
        format!("{none}.{claims}."),
        format!("{head}.{claims}"),
        person.refresh.clone(),
        "junk".to_owned(),
    ] {
        let reply = stack.api.get("/v1/users/me").token(&forged).send().await;
        let reply = reply.expect(401).problem("unauthenticated");
        assert!(
            reply
                .header("www-authenticate")
                .contains("error=\"invalid_token\""),
            "{forged}"
        );
    }
    stack.get("/v1/users/me", &person).await.expect(200);
}

#[tokio::test]
async fn au_08_the_private_key_is_kept_sealed_and_for_one_purpose() {
    let stack = Stack::new().await;
    stack.person("ada").await;
    let secret = stack.app.store.signing_secret().await.unwrap().unwrap();
    let sealed = from_base64url(&secret.sealed).unwrap();
    let clear = stack
        .sealer
        .open(Purpose::SigningKey, &sealed)
        .await
        .unwrap();
    assert!(stack.sealer.open(Purpose::Mail, &sealed).await.is_err());
    assert!(!stack.everything().await.contains(&base64url(&*clear)));
    let public: Vec<String> = stack
        .app
        .access
        .keys()
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.kid)
        .collect();
    assert!(public.contains(&secret.kid));
}

#[tokio::test]
async fn au_08_instances_that_start_at_once_agree_on_one_key() {
    let world = World::of("auth").await;
    let before = world.core.access.keys().await.unwrap().len();
    let sealer = Arc::new(MemorySealer::new());
    let instances: Vec<App> = (0..16)
        .map(|_| {
            let (table, access) = (world.core.table.clone(), world.core.access.clone());
            let exports = Bucket::new(&Aws::detached(), "exports");
            App::new(
                table,
                access,
                sealer.clone(),
                exports,
                Settings::new(ISSUER),
            )
        })
        .collect();
    let cx = cx();
    let signers = join_all(instances.iter().map(|app| app.keyring.signer(&cx))).await;
    assert!(signers.iter().all(Result::is_ok));
    assert_eq!(world.core.access.keys().await.unwrap().len(), before + 1);
    let stack = Stack {
        world,
        app: instances[0].clone(),
        sealer,
        ..Stack::new().await
    };
    let tokens = join_all((0..4).map(|i| {
        let stack = &stack;
        async move { stack.person(&format!("p{i}")).await }
    }));
    for person in tokens.await {
        stack
            .world
            .core
            .access
            .authenticate(&person.access)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn au_08_without_the_keeper_of_keys_nobody_is_signed_in_and_the_client_may_retry() {
    let stack = Stack::new().await;
    stack.person("ada").await;
    // Another sealer cannot open what the first one sealed.
    let keyring = KeyRing::new(
        stack.app.store.clone(),
        Arc::new(MemorySealer::new()),
        stack.world.clock.clone(),
    );
    let app = App {
        keyring: Arc::new(keyring),
        ..stack.app.clone()
    };
    let api = stack
        .world
        .api(plenary_auth::api(stack.world.core.clone()).build(app));
    let body = serde_json::json!({"email": "b@example.org", "password": crate::support::PASSWORD});
    let reply = api
        .post("/v1/auth/register")
        .json(body.clone())
        .send()
        .await;
    assert!(
        !reply
            .clone()
            .expect(503)
            .problem("unavailable")
            .text
            .contains("seal")
    );
    assert_eq!(reply.header("retry-after"), "1");
    // Nothing was half done.
    let reply = stack
        .api
        .post("/v1/auth/register")
        .json(body)
        .send()
        .await
        .expect(201);
    assert_eq!(Person::of(&reply).email, "b@example.org");
}
