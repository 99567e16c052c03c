//! A provider that says whatever a test wants, wrong things most of all.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use plenary_auth::model::provider::ProviderName;
use serde_json::{Value, json};
use shared::{
    access::SigningKey,
    testing::World,
    token::{install_provider, new_key},
};
use tokio::net::TcpListener;

use super::{Begun, CLIENT, parameters, stack_of};
use crate::support::Stack;

/// What it answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Fine,
    /// This status, to everything.
    Status(u16),
    /// This status, once to each path.
    StatusOnce(u16),
    /// Nothing, ever.
    Silent,
}

#[derive(Debug)]
struct Script {
    mood: Mood,
    keys: Vec<Value>,
    tokens: (u16, Value),
    seen: Vec<(String, String)>,
}

/// A provider on loopback.
#[derive(Debug, Clone)]
pub struct Fake {
    pub issuer: String,
    script: Arc<Mutex<Script>>,
}

/// A key of the provider.
pub struct FakeKey {
    pub public: SigningKey,
    private: Vec<u8>,
}

impl FakeKey {
    pub fn new() -> Self {
        let (private, public) = new_key(shared::testing::now()).unwrap();
        Self { public, private }
    }

    pub fn jwk(&self) -> Value {
        let SigningKey { kid, x, y, .. } = &self.public;
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y})
    }

    pub fn sign(&self, claims: &Value) -> String {
        install_provider();
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.public.kid.clone());
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(&self.private)).unwrap()
    }
}

impl Fake {
    /// Listens.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            script: Arc::new(Mutex::new(Script {
                mood: Mood::Fine,
                keys: Vec::new(),
                tokens: (400, json!({"error": "invalid_grant"})),
                seen: Vec::new(),
            })),
        };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                let service = service_fn(move |request| fake.clone().answer(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        fake
    }

    pub fn mood(&self, mood: Mood) {
        self.script.lock().unwrap().mood = mood;
    }

    pub fn publish(&self, keys: &[&FakeKey]) {
        self.script.lock().unwrap().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    /// What the next exchanges answer.
    pub fn tokens(&self, status: u16, body: Value) {
        self.script.lock().unwrap().tokens = (status, body);
    }

    /// The next exchanges give this ID token.
    pub fn gives(&self, id_token: &str) {
        self.tokens(
            200,
            json!({"access_token": "acc3ss", "refresh_token": "r3fresh", "token_type": "Bearer",
                   "expires_in": 3600, "id_token": id_token}),
        );
    }

    /// Paths and bodies of what was asked since the last time.
    pub fn seen(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.script.lock().unwrap().seen)
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let (mood, again) = {
            let mut script = self.script.lock().unwrap();
            let again = script.seen.iter().any(|(seen, _)| *seen == path);
            script.seen.push((path.clone(), body));
            (script.mood, again)
        };
        let (status, body) = match mood {
            Mood::Status(status) => (status, Value::Null),
            Mood::StatusOnce(status) if !again => (status, Value::Null),
            Mood::Silent => std::future::pending().await,
            _ => self.said(&path),
        };
        let body = Full::new(Bytes::from(body.to_string()));
        Ok(Response::builder().status(status).body(body).unwrap())
    }

    fn said(&self, path: &str) -> (u16, Value) {
        let script = self.script.lock().unwrap();
        let issuer = &self.issuer;
        match path {
            "/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": issuer,
                    "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/jwks"),
                    "revocation_endpoint": format!("{issuer}/revoke"),
                }),
            ),
            // A kind of key that nobody knows is passed over.
            "/jwks" => {
                let strange = json!({"kty": "OKP-2040", "kid": 7});
                let keys: Vec<&Value> = script.keys.iter().chain([&strange]).collect();
                (200, json!({"keys": keys}))
            }
            "/token" => script.tokens.clone(),
            "/revoke" => (200, json!({})),
            _ => (404, json!({})),
        }
    }
}

/// A stack whose two providers are both this fake.
pub struct Scene {
    pub stack: Stack,
    pub fake: Fake,
    pub key: FakeKey,
}

impl Scene {
    pub async fn new() -> Self {
        let (fake, key) = (Fake::start().await, FakeKey::new());
        fake.publish(&[&key]);
        let issuers = [
            (ProviderName::Google, fake.issuer.as_str(), CLIENT),
            (ProviderName::LinkedIn, fake.issuer.as_str(), CLIENT),
        ];
        let stack = stack_of(World::of("auth").await, &issuers).await;
        Self { stack, fake, key }
    }

    /// What a true ID token says of a person with this address.
    pub fn claims(&self, begun: &Begun, name: &str) -> Value {
        let now = self.stack.world.clock.now().as_second();
        json!({
            "iss": self.fake.issuer, "aud": CLIENT, "sub": format!("subject-{name}"),
            "iat": now, "exp": now + 600, "nonce": begun.nonce, "name": name,
            "email": format!("{name}@example.org"), "email_verified": true,
        })
    }

    /// The exchange is going to vouch for this person.
    pub fn vouch(&self, begun: &Begun, name: &str) {
        self.vouch_with(begun, name, |_| ());
    }

    pub fn vouch_with(&self, begun: &Begun, name: &str, change: impl FnOnce(&mut Value)) {
        let mut claims = self.claims(begun, name);
        change(&mut claims);
        self.fake.gives(&self.key.sign(&claims));
    }

    /// The forms that reached a path since the last time.
    pub fn forms(&self, path: &str) -> Vec<std::collections::HashMap<String, String>> {
        let seen = self.fake.seen().into_iter();
        seen.filter(|(at, _)| at == path)
            .map(|(_, body)| parameters(&body))
            .collect()
    }
}
