//! Whose account it is.

use jiff::SignedDuration;
use plenary_auth::{
    model::session::Method,
    sealer::{Purpose, Sealer},
};
use serde_json::{Value, json};
use shared::{
    access::UserAccess,
    commit::Commit,
    digest::from_base64url,
    principal::PlatformRole,
    testing::{TestReply, cx},
};

use super::fake::Scene;
use crate::support::{PASSWORD, Person};
use crate::takeover::OTHER;

impl Scene {
    /// Signs in as who the provider vouches for.
    async fn comes(&self, provider: &'static str, name: &str) -> TestReply {
        self.comes_with(provider, name, |_| ()).await
    }

    async fn comes_with(
        &self,
        provider: &'static str,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> TestReply {
        let begun = self.stack.begin(provider).await;
        self.vouch_with(&begun, name, change);
        self.stack.finish(&begun, "c0de").await
    }

    async fn links(&self, who: &Person, provider: &'static str, name: &str) -> TestReply {
        let begun = self.stack.begin_linking(who, provider).await;
        self.vouch(&begun, name);
        self.stack.finish_linking(who, &begun, "c0de").await
    }

    async fn identities(&self, who: &Person) -> Vec<String> {
        let list = self.stack.get("/v1/auth/identities", who).await.expect(200);
        assert_eq!(list.body["nextCursor"], Value::Null);
        let items = list.body["items"].as_array().unwrap().clone();
        let names = items.iter().map(|item| item["provider"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }

    async fn unlinks(&self, who: &Person, provider: &str) -> TestReply {
        let path = format!("/v1/auth/identities/{provider}");
        let request = self.stack.api.delete(&path).token(&who.access);
        request.send().await
    }
}

#[tokio::test]
async fn au_17_18_who_is_new_gets_an_account_and_finds_it_again() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let ada = Person::of(&scene.comes("google", "ada").await.expect(200));
    let me = stack.get("/v1/users/me", &ada).await.expect(200);
    assert_eq!(me.body["emailVerified"], true);
    assert_eq!(me.body["name"], "ada");
    assert_eq!(
        stack.event_types().await,
        [
            "user.registered",
            "user.contact.changed",
            "user.identity.changed",
            "user.login"
        ]
    );
    let session = stack.get("/v1/auth/session", &ada).await.expect(200);
    let id = session.body["sessionId"].as_str().unwrap().parse().unwrap();
    let session = stack.app.store.session(ada.id, id).await.unwrap().unwrap();
    assert_eq!(session.methods, [Method::Federated]);
    // The subject counts, whatever became of the address.
    stack.world.clock.advance(SignedDuration::from_mins(1));
    let again = scene.comes_with("google", "ada", |claims| {
        claims["email"] = json!("countess@example.org");
        claims["email_verified"] = json!(false);
    });
    let again = Person::of(&again.await.expect(200));
    assert_eq!(
        (again.id, again.email.as_str()),
        (ada.id, "ada@example.org")
    );
    let identity = stack
        .get("/v1/auth/identities/google", &again)
        .await
        .expect(200);
    assert_eq!(identity.body["email"], "countess@example.org");
    assert_ne!(identity.body["linkedAt"], identity.body["lastUsedAt"]);
    stack
        .get("/v1/auth/identities/linkedin", &again)
        .await
        .expect(404);
    // The same subject elsewhere is somebody else.
    let other = scene.comes_with("linkedin", "ada", |claims| {
        claims["email"] = json!("other@example.org");
    });
    assert_ne!(Person::of(&other.await.expect(200)).id, ada.id);
}

#[tokio::test]
async fn b1_02_only_an_address_that_both_sides_verified_is_linked_by_itself() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    for missing in ["email", "email_verified"] {
        let refused = scene.comes_with("google", "ada", |claims| {
            claims.as_object_mut().unwrap().remove(missing);
        });
        refused.await.expect(403).problem("address-unverified");
    }
    let unverified = |claims: &mut Value| claims["email_verified"] = json!(false);
    let refused = scene.comes_with("google", "ada", unverified).await;
    refused.expect(403).problem("address-unverified");
    // Somebody registered with the address and never proved it.
    let ada = stack.register("ada").await;
    let refused = scene.comes("google", "ada").await.expect(409);
    refused.problem("account-exists");
    assert!(scene.identities(&ada).await.is_empty());
    stack.prove(&ada).await;
    let refused = scene.comes_with("google", "ada", unverified).await;
    refused.expect(403).problem("address-unverified");
    // Who had the mailbox once may not have it now: the provider must run it.
    for (provider, domain) in [
        ("google", Value::Null),
        ("google", json!("example.com")),
        ("linkedin", json!("example.org")),
    ] {
        let elsewhere = |claims: &mut Value| claims["hd"] = domain;
        let refused = scene.comes_with(provider, "ada", elsewhere).await;
        refused.expect(409).problem("account-exists");
    }
    assert!(scene.identities(&ada).await.is_empty());
    // Some write it as a text.
    let text = |claims: &mut Value| {
        claims["email_verified"] = json!("true");
        claims["hd"] = json!("Example.org");
    };
    let linked = scene.comes_with("google", "ada", text).await.expect(200);
    assert_eq!(Person::of(&linked).id, ada.id);
    let told = ("sign-in-added".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    assert_eq!(scene.identities(&ada).await, ["google"]);
    assert!(stack.password_works(&ada.email).await);
    // Another person with the same address at the same provider is not let in.
    let another = |claims: &mut Value| {
        claims["sub"] = json!("another");
        claims["hd"] = json!("example.org");
    };
    let refused = scene.comes_with("google", "ada", another).await;
    refused.expect(409).problem("provider-linked");
}

#[tokio::test]
async fn b1_02_who_is_signed_in_links_any_identity_that_is_free() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let unproven = stack.register("mallory").await;
    let body = json!({"redirectUri": super::PLACE, "codeChallenge": "A".repeat(43)});
    let path = "/v1/auth/identities/google/start";
    let start = stack.api.post(path).token(&unproven.access).json(body);
    start.send().await.expect(403).problem("email-not-verified");

    let (ada, eve) = (
        stack.verified_person("ada").await,
        stack.verified_person("eve").await,
    );
    let linked = scene.links(&ada, "google", "work").await.expect(201);
    assert_eq!(linked.header("location"), "/v1/auth/identities/google");
    assert_eq!(linked.body["email"], "work@example.org");
    let told = ("sign-in-added".to_owned(), ada.email.clone());
    assert_eq!(stack.letters().await.last(), Some(&told));
    let letters = stack.letters().await.len();
    scene.links(&ada, "google", "work").await.expect(201);
    assert_eq!(stack.letters().await.len(), letters, "nothing changed");
    let refused = scene.links(&eve, "google", "work").await.expect(409);
    refused.problem("identity-taken");
    let refused = scene.links(&ada, "google", "play").await.expect(409);
    refused.problem("provider-linked");
    scene.links(&ada, "linkedin", "play").await.expect(201);
    let signed = Person::of(&scene.comes("google", "work").await.expect(200));
    assert_eq!(signed.id, ada.id);
    assert_eq!(scene.identities(&ada).await, ["google", "linkedin"]);
    assert!(scene.identities(&eve).await.is_empty());
}

#[tokio::test]
async fn au_19_an_identity_is_unlinked_unless_it_is_the_last_way_in() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let ada = Person::of(&scene.comes("google", "ada").await.expect(200));
    scene.unlinks(&ada, "linkedin").await.expect(404);
    scene
        .unlinks(&ada, "google")
        .await
        .expect(409)
        .problem("last-way-in");
    scene.links(&ada, "linkedin", "ada").await.expect(201);
    // Of two at once one stays.
    let both = futures::future::join(
        scene.unlinks(&ada, "google"),
        scene.unlinks(&ada, "linkedin"),
    );
    let (google, linkedin) = both.await;
    let gone = [google.status, linkedin.status]
        .iter()
        .filter(|status| **status == 204)
        .count();
    assert!(gone <= 1, "{google:?} {linkedin:?}");
    let left = scene.identities(&ada).await;
    assert!(!left.is_empty());
    // With a password all may go, and the identity is free again.
    let eve = stack.verified_person("eve").await;
    scene.links(&eve, "google", "work").await.expect(201);
    scene.fake.seen();
    scene.unlinks(&eve, "google").await.expect(204);
    scene.unlinks(&eve, "google").await.expect(404);
    let noted = stack.last_event("user.identity.changed").await;
    assert_eq!(
        (&noted["provider"], &noted["linked"]),
        (&json!("google"), &json!(false))
    );
    let revoked = scene.forms("/revoke");
    assert_eq!(revoked[0]["token"], "r3fresh", "the provider is told too");
    let free = Person::of(&scene.comes("google", "work").await.expect(200));
    assert_ne!(free.id, eve.id);
}

#[tokio::test]
async fn au_19_the_providers_tokens_are_sealed_for_their_own_purpose_and_link() {
    let scene = Scene::new().await;
    let ada = Person::of(&scene.comes("google", "ada").await.expect(200));
    let store = &scene.stack.app.store;
    let name = plenary_auth::model::provider::ProviderName::Google;
    let identity = store.identity(ada.id, name).await.unwrap().unwrap();
    let sealed = from_base64url(&identity.tokens.unwrap()).unwrap();
    let keeper = &scene.stack.sealer;
    for purpose in [Purpose::Mail, Purpose::SigningKey, Purpose::ClientSecret] {
        assert!(keeper.open(purpose, &sealed).await.is_err());
    }
    let clear = keeper.open(Purpose::ProviderTokens, &sealed).await.unwrap();
    let clear: Value = serde_json::from_slice(&clear).unwrap();
    assert_eq!(clear["accessToken"], "acc3ss");
    assert_eq!(clear["refreshToken"], "r3fresh");
    assert_eq!(clear["userId"], ada.id.to_string());
    assert_eq!(clear["expiresAt"], "2026-09-01T11:00:00Z");
    assert!(!scene.stack.everything().await.contains("acc3ss"));
}

#[tokio::test]
async fn au_17_a_suspended_account_is_refused_and_nothing_is_linked() {
    let scene = Scene::new().await;
    let ada = scene.stack.verified_person("ada").await;
    let mut commit = Commit::new(scene.stack.world.access(), &cx());
    commit.put(&UserAccess {
        user_id: ada.id,
        platform_role: PlatformRole::User,
        suspended: true,
        leaving: false,
    });
    commit.execute().await.unwrap();
    let refused = scene.comes("google", "ada").await.expect(403);
    refused.problem("account-suspended");
    let kept = scene.stack.app.store.identities(ada.id).await.unwrap();
    assert!(kept.is_empty());
}

/// Linking needs no more than a thief has who knows the password.
#[tokio::test]
async fn au_15_b1_02_what_a_thief_linked_goes_with_the_reset() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let ada = stack.verified_person("ada").await;
    scene.links(&ada, "google", "thief").await.expect(201);
    scene.links(&ada, "linkedin", "thief").await.expect(201);
    stack.world.clock.advance(SignedDuration::from_mins(1));
    stack.take_back(&ada).await;
    let noted = stack.last_event("user.identity.changed").await;
    assert_eq!(noted["linked"], json!(false));
    assert!(stack.app.store.identities(ada.id).await.unwrap().is_empty());
    for provider in ["google", "linkedin"] {
        let other = |claims: &mut Value| {
            claims["email"] = json!(format!("{provider}@example.org"));
        };
        let signed = scene.comes_with(provider, "thief", other).await;
        assert_ne!(Person::of(&signed.expect(200)).id, ada.id);
    }
}

/// The provider takes its time, and the owner acts meanwhile.
#[tokio::test]
async fn au_15_b1_02_a_link_that_began_before_the_reset_is_not_made_after_it() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let ada = stack.verified_person("ada").await;
    let forgotten = stack.forgotten(&ada).await;
    let begun = stack.begin_linking(&ada, "google").await;
    scene.vouch(&begun, "thief");
    let (api, pause) = stack.pausing(Purpose::ProviderTokens);
    let link = api.post("/v1/auth/identities/google").token(&ada.access);
    let link = link.json(begun.body("c0de")).send();
    let reply = pause.amid(link, stack.reset_by(&forgotten)).await;
    reply.expect(401).problem("unauthenticated");
    assert!(stack.app.store.identities(ada.id).await.unwrap().is_empty());

    // The same for a sign-in by an identity that the reset unlinks.
    stack.world.clock.advance(SignedDuration::from_mins(2));
    let ada = stack.login_by(&ada, OTHER).await;
    scene.links(&ada, "google", "thief").await.expect(201);
    let forgotten = stack.forgotten(&ada).await;
    let begun = stack.begin("google").await;
    scene.vouch(&begun, "thief");
    let (api, pause) = stack.pausing(Purpose::SigningKey);
    let sign_in = api.post("/v1/auth/oauth/google/callback");
    let sign_in = sign_in.json(begun.body("c0de")).send();
    let reset = stack.reset_to(&forgotten, PASSWORD);
    let reply = pause.amid(sign_in, reset).await;
    assert!(reply.status != 200 || Person::of(&reply).id != ada.id);
    assert_eq!(stack.session_count(&ada).await, 0);
}
