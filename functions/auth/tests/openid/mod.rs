//! Signing in with providers: against one that lies, and against a real one.

mod fake;
mod flows;
mod identities;
mod outages;
mod real;
mod tokens;

use std::{collections::HashMap, sync::Arc};

use plenary_auth::{
    model::{pkce::challenge_of, provider::ProviderName},
    providers::ProviderSettings,
    sealer::{Purpose, Sealer},
};
use serde_json::{Value, json};
use shared::testing::{TestReply, World};

use crate::support::{MemorySealer, PASSWORD, Person, Stack};

pub const CLIENT: &str = "plenary-tests";
pub const SECRET: &str = "a secret of the tests";
pub const PLACE: &str = "https://app.plenary.test/signed-in";

/// A sign-in on its way.
pub struct Begun {
    pub provider: &'static str,
    pub url: String,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

/// The parameters of a query or a fragment.
pub fn parameters(text: &str) -> HashMap<String, String> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Verifiers differ, as an app's do.
fn verifier() -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    format!("{id}{id}")
}

/// A stack with both providers at these issuers.
pub async fn stack_of(world: World, issuers: &[(ProviderName, &str, &str)]) -> Stack {
    let sealer = Arc::new(MemorySealer::new());
    let sealed_secret = sealer
        .seal(Purpose::ClientSecret, SECRET.as_bytes())
        .await
        .unwrap();
    let providers = issuers
        .iter()
        .map(|(name, issuer, client)| ProviderSettings {
            name: *name,
            issuer: (*issuer).to_owned(),
            client_id: (*client).to_owned(),
            sealed_secret: sealed_secret.clone(),
        })
        .collect();
    Stack::sealed_by(world, sealer, |settings| {
        settings.oauth.providers = providers;
        settings.oauth.redirect_uris = vec![PLACE.to_owned()];
    })
}

impl Stack {
    /// Begins as an app does; fails unless it may.
    pub async fn begin(&self, provider: &'static str) -> Begun {
        let verifier = verifier();
        let reply = self.start(provider, PLACE, &challenge_of(&verifier)).await;
        Begun::of(provider, verifier, &reply.expect(200))
    }

    pub async fn start(&self, provider: &str, place: &str, challenge: &str) -> TestReply {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([("redirectUri", place), ("codeChallenge", challenge)]);
        let path = format!("/v1/auth/oauth/{provider}/start?{}", query.finish());
        let request = self.api.get(&path).header("accept", "application/json");
        request.send().await
    }

    /// Begins to link for somebody who is signed in.
    pub async fn begin_linking(&self, who: &Person, provider: &'static str) -> Begun {
        let verifier = verifier();
        let body = json!({"redirectUri": PLACE, "codeChallenge": challenge_of(&verifier)});
        let path = format!("/v1/auth/identities/{provider}/start");
        let request = self.api.post(&path).token(&who.access).json(body);
        Begun::of(provider, verifier, &request.send().await.expect(200))
    }

    pub async fn finish(&self, begun: &Begun, code: &str) -> TestReply {
        let path = format!("/v1/auth/oauth/{}/callback", begun.provider);
        self.api.post(&path).json(begun.body(code)).send().await
    }

    pub async fn finish_linking(&self, who: &Person, begun: &Begun, code: &str) -> TestReply {
        let path = format!("/v1/auth/identities/{}", begun.provider);
        let request = self.api.post(&path).token(&who.access);
        request.json(begun.body(code)).send().await
    }

    pub async fn password_works(&self, email: &str) -> bool {
        let body = json!({"email": email, "password": PASSWORD});
        let request = self.api.post("/v1/auth/login").json(body);
        request.send().await.status == 200
    }
}

impl Begun {
    fn of(provider: &'static str, verifier: String, reply: &TestReply) -> Self {
        let url = reply.body["authorizationUrl"].as_str().unwrap().to_owned();
        let query = parameters(url.split_once('?').unwrap().1);
        Self {
            provider,
            state: query["state"].clone(),
            nonce: query["nonce"].clone(),
            url,
            verifier,
        }
    }

    pub fn body(&self, code: &str) -> Value {
        json!({"code": code, "state": self.state, "codeVerifier": self.verifier})
    }
}
