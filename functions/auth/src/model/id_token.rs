//! ID tokens (OpenID Connect Core §3.1.3.7): what a provider says of a person,
//! and whether to believe it.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use shared::{digest::base64url, token::install_provider};

use super::{email::Email, identity::Person, text};

/// Longer is none.
const MAX_TOKEN: usize = 16 * 1024;
/// How far the provider's clock may differ from ours, in seconds.
const SKEW: i64 = 60;

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// It is no JWT with the claims that it must have.
    #[error("the ID token is malformed, or its algorithm is none that we accept")]
    Malformed,
    /// The provider publishes no such key.
    #[error("the ID token's key is unknown")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// Somebody else issued it.
    #[error("the ID token is of another issuer")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the ID token is for another client")]
    Audience,
    /// It is too old, or of the future.
    #[error("the ID token is not valid at this time")]
    Time,
    /// It answers another request.
    #[error("the ID token is for another sign-in")]
    Nonce,
    /// It goes with another access token.
    #[error("the ID token does not belong to the access token")]
    AccessToken,
}

/// A provider's public key, bound to its algorithm (RFC 8725 §3.1).
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    public: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?})", self.id)
    }
}

/// A key as published (RFC 7517).
#[derive(Debug, Deserialize)]
pub struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// The key, if it is one for RS256 or ES256 signatures.
    pub fn read(&self) -> Option<Key> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let (algorithm, name, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let key = DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?);
                (Algorithm::RS256, "RS256", key)
            }
            ("EC", Some("P-256")) => {
                let key = DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?);
                (Algorithm::ES256, "ES256", key)
            }
            _ => return None,
        };
        if self.alg.as_deref().is_some_and(|alg| alg != name) {
            return None;
        }
        Some(Key {
            id: self.kid.clone(),
            algorithm,
            public: key.ok()?,
        })
    }
}

/// What an ID token must say.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Its issuer, in any of these spellings.
    pub issuers: &'a [&'a str],
    /// Us.
    pub client_id: &'a str,
    /// Of this sign-in.
    pub nonce: &'a str,
    /// Whether it may leave the nonce out; a wrong one is never accepted.
    pub nonce_optional: bool,
    /// What came with it.
    pub access_token: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    at_hash: Option<String>,
    email: Option<String>,
    email_verified: Option<Flag>,
    /// Google: whose Workspace it is.
    hd: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers write booleans as texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

/// Reads an ID token and checks everything about it.
///
/// # Errors
/// [`IdTokenError`]; on [`IdTokenError::UnknownKey`] the provider may have
/// newer keys.
pub fn verify(
    token: &str,
    keys: &[Key],
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Person, IdTokenError> {
    if token.len() > MAX_TOKEN {
        return Err(IdTokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| IdTokenError::Malformed)?;
    let fits = |key: &&Key| match &header.kid {
        Some(kid) => key.id.as_ref() == Some(kid),
        None => key.algorithm == header.alg,
    };
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err(IdTokenError::Malformed);
    }
    let key = keys.iter().find(fits).ok_or(IdTokenError::UnknownKey)?;
    // The key decides the algorithm, not the token.
    if key.algorithm != header.alg {
        return Err(IdTokenError::Malformed);
    }
    install_provider();
    let mut rules = Validation::new(key.algorithm);
    // Checked below, by our clock and more strictly.
    (rules.validate_exp, rules.validate_aud) = (false, false);
    rules.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &key.public, &rules)
        .map_err(|err| match err.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => IdTokenError::Signature,
            _ => IdTokenError::Malformed,
        })?
        .claims;
    claims.check(expected, now.as_second())?;
    claims.person()
}

impl Claims {
    fn check(&self, expected: &Expected<'_>, now: i64) -> Result<(), IdTokenError> {
        if !expected.issuers.contains(&self.iss.as_str()) {
            return Err(IdTokenError::Issuer);
        }
        let (ours, alone) = match &self.aud {
            Audience::One(one) => (one == expected.client_id, true),
            Audience::Many(all) => (
                all.iter().any(|one| one == expected.client_id),
                all.len() == 1,
            ),
        };
        let party = match self.azp.as_deref() {
            Some(azp) => azp == expected.client_id,
            None => alone,
        };
        if !ours || !party {
            return Err(IdTokenError::Audience);
        }
        if self.exp + SKEW <= now
            || self.iat - SKEW > now
            || self.nbf.is_some_and(|nbf| nbf - SKEW > now)
        {
            return Err(IdTokenError::Time);
        }
        let nonce = match self.nonce.as_deref() {
            Some(nonce) => nonce == expected.nonce,
            None => expected.nonce_optional,
        };
        if !nonce {
            return Err(IdTokenError::Nonce);
        }
        match self.at_hash.as_deref() {
            Some(hash) if hash != at_hash(expected.access_token) => Err(IdTokenError::AccessToken),
            _ => Ok(()),
        }
    }

    fn person(self) -> Result<Person, IdTokenError> {
        if self.sub.is_empty() || self.sub.len() > 255 {
            return Err(IdTokenError::Malformed);
        }
        let verified = match &self.email_verified {
            Some(Flag::Bool(verified)) => *verified,
            Some(Flag::Text(text)) => text == "true",
            None => false,
        };
        Ok(Person {
            email: self.email.and_then(|email| Email::parse(&email).ok()),
            email_verified: verified,
            hosted_domain: self.hd,
            name: self.name.and_then(|name| text::line(&name, 100).ok()),
            subject: self.sub,
        })
    }
}

/// §3.1.3.6: the left half of the hash of the access token.
fn at_hash(access_token: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, access_token.as_bytes());
    base64url(&hash.as_ref()[..16])
}
