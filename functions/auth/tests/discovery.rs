use shared::{
    access::SigningKey,
    commit::Commit,
    table::Entity as _,
    testing::{ISSUER, cx},
    token::{Verifier, key_id},
};

use crate::support::Stack;

#[tokio::test]
async fn au_08_a_relying_party_can_verify_tokens_by_discovery_alone() {
    let stack = Stack::new().await;
    let metadata = stack
        .api
        .get("/.well-known/openid-configuration")
        .send()
        .await
        .expect(200);
    assert_eq!(metadata.body["issuer"], ISSUER);
    let uri = metadata.body["jwks_uri"].as_str().unwrap();
    assert_eq!(metadata.header("cache-control"), "public, max-age=3600");
    let person = stack.person("ada").await;
    let set = stack
        .api
        .get(uri.strip_prefix(ISSUER).unwrap())
        .send()
        .await
        .expect(200);
    let kid = key_id(&person.access).unwrap();
    let keys = set.body["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    assert_eq!((&key["kty"], &key["crv"]), (&"EC".into(), &"P-256".into()));
    assert_eq!((&key["use"], &key["alg"]), (&"sig".into(), &"ES256".into()));
    assert!(key.get("d").is_none(), "never the private part");
    let public = SigningKey {
        kid,
        x: key["x"].as_str().unwrap().to_owned(),
        y: key["y"].as_str().unwrap().to_owned(),
        created_at: stack.world.clock.now(),
        retires_at: None,
    };
    let now = stack.world.clock.now();
    let claims = Verifier::new(&public)
        .unwrap()
        .verify(&person.access, ISSUER, now);
    assert_eq!(claims.unwrap().sub, person.id);
}

#[tokio::test]
async fn au_08_the_key_set_is_there_before_the_first_sign_in_and_is_revalidated() {
    let stack = Stack::new().await;
    // The test world brings a key along; a new stack has none.
    let mut commit = Commit::new(stack.world.access(), &cx());
    for key in stack.app.access.keys().await.unwrap() {
        commit.delete(key.key());
    }
    commit.execute().await.unwrap();
    let set = stack
        .api
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200);
    assert_eq!(set.body["keys"].as_array().unwrap().len(), 1);
    assert_eq!(set.header("cache-control"), "public, max-age=300");
    let again = stack
        .api
        .get("/.well-known/jwks.json")
        .header("if-none-match", set.header("etag"));
    again.send().await.expect(304);
}

#[tokio::test]
async fn sc_10_security_txt_names_a_contact_and_does_not_go_stale() {
    let stack = Stack::new().await;
    let reply = stack
        .api
        .get("/.well-known/security.txt")
        .send()
        .await
        .expect(200);
    assert!(reply.header("content-type").starts_with("text/plain"));
    let line = |name: &str| {
        reply
            .text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert!(line("Contact:").starts_with("https://"));
    assert_eq!(
        line("Canonical:"),
        format!("{ISSUER}/.well-known/security.txt")
    );
    let expires: jiff::Timestamp = line("Expires:").parse().unwrap();
    let days = expires.duration_since(stack.world.clock.now()).as_hours() / 24;
    assert!((30..365).contains(&days), "expires in {days} days");
}
