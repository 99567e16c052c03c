//! The keys of access tokens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::table::{Entity, Key};

pub(in crate::store) fn signing() -> Key {
    Key::new("SIGNING", "CURRENT")
}

pub(in crate::store) fn next_signing() -> Key {
    Key::new("SIGNING", "NEXT")
}

/// The private key of the access tokens, sealed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningSecret {
    /// The key's id: its thumbprint (RFC 7638).
    pub kid: String,
    /// Counts rotations.
    pub version: u64,
    /// PKCS#8, sealed for [`Purpose::SigningKey`](crate::sealer::Purpose), base64url.
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The private key that follows, published before it signs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NextSecret {
    /// The key's id.
    pub kid: String,
    /// As [`SigningSecret::sealed`].
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When everybody who verifies tokens must have seen its public half.
    pub signs_from: Timestamp,
}

impl std::fmt::Debug for NextSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NextSecret")
            .field("kid", &self.kid)
            .field("signs_from", &self.signs_from)
            .finish_non_exhaustive()
    }
}

impl Entity for NextSecret {
    const KIND: &'static str = "next-signing-secret";

    fn key(&self) -> Key {
        next_signing()
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningSecret")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Entity for SigningSecret {
    const KIND: &'static str = "signing-secret";

    fn key(&self) -> Key {
        signing()
    }

    fn version(&self) -> u64 {
        self.version
    }
}
