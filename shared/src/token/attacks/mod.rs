//! The attacks of RFC 8725 (JSON Web Token Best Current Practices) and their
//! kin, each made with a genuine key wherever that helps the attacker.

mod claims;
mod encoding;
mod header;
mod signature;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::*;
use crate::digest::{base64url, from_base64url};
use crate::id::UserId;

const ISSUER: &str = "https://api.example.org";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// An attacker who can have anything signed by the real key.
struct Lab {
    key: EcdsaKeyPair,
    public: SigningKey,
    verifier: Verifier,
}

impl Lab {
    fn new() -> Self {
        let (pkcs8, public) = new_key(now()).unwrap();
        let random = SystemRandom::new();
        Self {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random)
                .unwrap(),
            verifier: Verifier::new(&public).unwrap(),
            public,
        }
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": self.public.kid})
    }

    /// Signs two texts as they are.
    fn signed(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", base64url(header), base64url(payload));
        format!("{message}.{}", base64url(self.signature(&message)))
    }

    fn signature(&self, message: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        self.key
            .sign(&random, message.as_bytes())
            .unwrap()
            .as_ref()
            .to_vec()
    }

    /// A token with another header or other claims.
    fn token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut claims) = (self.header(), claims());
        change(&mut header, &mut claims);
        self.signed(&header.to_string(), &claims.to_string())
    }

    fn verdict(&self, token: &str) -> Result<Claims, TokenError> {
        self.verifier.verify(token, ISSUER, now())
    }

    #[track_caller]
    fn refuses(&self, token: &str, why: TokenError) {
        assert_eq!(self.verdict(token), Err(why), "{token}");
    }
}

fn claims() -> Value {
    serde_json::to_value(Claims {
        iss: ISSUER.into(),
        aud: ISSUER.into(),
        sub: UserId::new().into(),
        sid: SessionId::new(),
        org: None,
        scope: String::new(),
        jti: "j".into(),
        client_id: "plenary".into(),
        iat: now().as_second(),
        exp: now().as_second() + 900,
    })
    .unwrap()
}

/// The lab's own tokens are good: what follows is refused for its own fault.
#[test]
fn au_08_the_attackers_tools_make_valid_tokens() {
    let lab = Lab::new();
    assert!(lab.verdict(&lab.token(|_, _| ())).is_ok());
    assert!(
        lab.verdict(&lab.token(|header, _| header["typ"] = json!("AT+JWT")))
            .is_ok()
    );
}

impl Lab {
    #[track_caller]
    fn refuses_somehow(&self, token: &str) {
        assert!(self.verdict(token).is_err(), "{token}");
    }
}

/// What verifying costs, for the figures:
/// `cargo test -p plenary-shared --release -- --ignored --nocapture cost_of`.
#[test]
#[ignore = "a measurement"]
fn cost_of_a_verification() {
    let lab = Lab::new();
    let token = lab.token(|_, _| ());
    let rounds = 20_000_u32;
    for _ in 0..1_000 {
        assert!(lab.verdict(&token).is_ok());
    }
    let began = std::time::Instant::now();
    for _ in 0..rounds {
        assert!(lab.verdict(&token).is_ok());
    }
    let each = began.elapsed() / rounds;
    println!(
        "verifying an access token: {:.1} µs",
        each.as_secs_f64() * 1e6
    );
}
