//! Access tokens: JWTs of the type `at+jwt` (RFC 9068), signed with ES256.
//!
//! The rules of RFC 8725 hold: one algorithm, chosen by us and not by the
//! header; an explicit type; issuer, audience and expiry always checked.

mod jwk;
mod provider;
mod subject;

pub use provider::install as install_provider;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::access::SigningKey;
use crate::digest;
use crate::id::{OrganizationId, SessionId};

pub use jwk::{Jwk, JwkError};
pub use subject::Subject;

/// What a token must be at most, in bytes: more is no token of ours.
const MAX_TOKEN: usize = 4096;
/// How far the clocks of two machines may differ, in seconds.
const SKEW: i64 = 60;
const TYPE: &str = "at+jwt";

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No JWT, or not one of our kind.
    #[error("the token is malformed")]
    Malformed,
    /// No key of ours has that id.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    Signature,
    /// For another issuer or audience, or not yet valid.
    #[error("the token is not meant for this API")]
    Misdirected,
    /// Too old.
    #[error("the token has expired")]
    Expired,
    /// Signed out, revoked or suspended.
    #[error("the token was revoked")]
    Revoked,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer: this deployment's public URL.
    pub iss: String,
    /// Whom it is meant for: the same.
    pub aud: String,
    /// Who.
    pub sub: Subject,
    /// By which sign-in.
    pub sid: SessionId,
    /// The organisation that the person works in by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<OrganizationId>,
    /// What it is good for, separated by spaces; empty means everything.
    #[serde(default)]
    pub scope: String,
    /// Its own id.
    pub jti: String,
    /// Which client asked for it.
    pub client_id: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, likewise.
    pub exp: i64,
}

/// Signs tokens.
pub struct Signer {
    kid: String,
    key: EncodingKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// With a private key in PKCS#8 (as [`new_key`] makes it).
    pub fn new(kid: impl Into<String>, pkcs8: &[u8]) -> Self {
        provider::install();
        Self {
            kid: kid.into(),
            key: EncodingKey::from_ec_der(pkcs8),
        }
    }

    /// The token.
    ///
    /// # Errors
    /// The key is none.
    pub fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TYPE.into());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key)
    }
}

/// A fresh P-256 key: the private half in PKCS#8, and the public half.
///
/// # Errors
/// The operating system gave no random bytes.
pub fn new_key(created_at: Timestamp) -> Result<(Vec<u8>, SigningKey), ring::error::Unspecified> {
    let (pkcs8, point) = provider::generate()?;
    // SEC 1 §2.3.3, uncompressed: 0x04, x, y.
    let (x, y) = (
        digest::base64url(&point[1..33]),
        digest::base64url(&point[33..65]),
    );
    // The thumbprint of RFC 7638 is the key's id.
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let hash = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
    let kid = digest::base64url(hash.as_ref());
    Ok((
        pkcs8,
        SigningKey {
            kid,
            x,
            y,
            created_at,
            retires_at: None,
        },
    ))
}

/// Verifies tokens of one key.
pub struct Verifier(DecodingKey);

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// For a public key; `None` if it is no point.
    pub fn new(key: &SigningKey) -> Option<Self> {
        provider::install();
        DecodingKey::from_ec_components(&key.x, &key.y)
            .ok()
            .map(Self)
    }

    /// Checks everything that the token itself can tell.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn verify(&self, token: &str, issuer: &str, now: Timestamp) -> Result<Claims, TokenError> {
        key_id(token)?;
        let received = jsonwebtoken::decode::<Received>(token, &self.0, &rules(issuer))
            .map_err(|err| meaning(&err))?
            .claims;
        let now = now.as_second();
        if received.exp <= now {
            return Err(TokenError::Expired);
        }
        if received.iat.max(received.nbf.unwrap_or(i64::MIN)) > now + SKEW {
            return Err(TokenError::Misdirected);
        }
        Ok(received.into())
    }
}

fn rules(issuer: &str) -> Validation {
    let mut rules = Validation::new(Algorithm::ES256);
    // The times are checked by our clock.
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[issuer]);
    rules
}

/// What came: as [`Claims`], and the time before which it must not be taken,
/// which we never set (RFC 7519 §4.1.5).
#[derive(Deserialize)]
struct Received {
    iss: String,
    aud: String,
    sub: Subject,
    sid: SessionId,
    #[serde(default)]
    org: Option<OrganizationId>,
    #[serde(default)]
    scope: String,
    jti: String,
    client_id: String,
    iat: i64,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl From<Received> for Claims {
    fn from(received: Received) -> Self {
        Self {
            iss: received.iss,
            aud: received.aud,
            sub: received.sub,
            sid: received.sid,
            org: received.org,
            scope: received.scope,
            jti: received.jti,
            client_id: received.client_id,
            iat: received.iat,
            exp: received.exp,
        }
    }
}

fn meaning(err: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match err.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => TokenError::Misdirected,
        _ => TokenError::Malformed,
    }
}

/// The id of the key that a token names, if its header is one of ours.
///
/// # Errors
/// [`TokenError::Malformed`]
pub fn key_id(token: &str) -> Result<String, TokenError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OurHeader {
        alg: String,
        typ: String,
        kid: String,
    }
    if token.len() > MAX_TOKEN || token.split('.').count() != 3 {
        return Err(TokenError::Malformed);
    }
    let header = token.split('.').next().and_then(digest::from_base64url);
    let header: OurHeader = header
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or(TokenError::Malformed)?;
    if header.alg != "ES256" || !header.typ.eq_ignore_ascii_case(TYPE) {
        return Err(TokenError::Malformed);
    }
    Ok(header.kid)
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof;
