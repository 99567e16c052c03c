//! Public keys as others read them: JSON Web Keys (RFC 7517, RFC 7518 §6.2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::SigningKey;
use crate::digest;

/// A public key on P-256 for signatures by ES256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// Always `EC`.
    #[schema(example = "EC")]
    pub kty: String,
    /// Always `P-256`.
    #[schema(example = "P-256")]
    pub crv: String,
    /// The point's x, base64url.
    pub x: String,
    /// The point's y, base64url.
    pub y: String,
    /// The key's thumbprint (RFC 7638).
    pub kid: String,
    /// Always `sig`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "sig", required)]
    pub purpose: Option<String>,
    /// Never set by us; a key that may not verify is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub key_ops: Option<Vec<String>>,
    /// Always `ES256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "ES256", required)]
    pub alg: Option<String>,
}

/// A key that is for something else than verifying ES256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key for ES256")]
pub struct JwkError;

impl From<&SigningKey> for Jwk {
    fn from(key: &SigningKey) -> Self {
        Self {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: key.x.clone(),
            y: key.y.clone(),
            kid: key.kid.clone(),
            purpose: Some("sig".to_owned()),
            key_ops: None,
            alg: Some("ES256".to_owned()),
        }
    }
}

impl Jwk {
    /// The key, if all that it says of itself allows to verify ES256 with it.
    /// Whether it is a point of the curve shows when it is used.
    ///
    /// # Errors
    /// [`JwkError`]
    pub fn signing_key(&self, created_at: Timestamp) -> Result<SigningKey, JwkError> {
        let only = |given: &Option<String>, wanted| given.as_deref().is_none_or(|is| is == wanted);
        let verifies = self
            .key_ops
            .as_ref()
            .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let coordinate =
            |text: &str| digest::from_base64url(text).is_some_and(|bytes| bytes.len() == 32);
        let fits = self.kty == "EC"
            && self.crv == "P-256"
            && only(&self.purpose, "sig")
            && only(&self.alg, "ES256")
            && verifies
            && coordinate(&self.x)
            && coordinate(&self.y);
        fits.then(|| SigningKey {
            kid: self.kid.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
            created_at,
            retires_at: None,
        })
        .ok_or(JwkError)
    }
}
