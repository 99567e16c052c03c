//! A sign-in with a provider on its way: between leaving for the provider and
//! coming back.
//!
//! Its *state* travels through the browser and back; the table knows it by hash
//! only. The verifier and the nonce are sealed under the state itself, so that
//! neither who reads the table nor who watches the browser has both.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use serde::{Deserialize, Serialize};
use shared::{
    digest::{base64url, from_base64url, random, sha256},
    id::UserId,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{provider::ProviderName, refresh::CryptoError};

/// How long somebody may take at the provider.
pub const FLOW_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// The state (RFC 6749 §4.1.1), in the clear.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct State([u8; 32]);

/// What the flow needs again when its state comes back.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct FlowSecrets {
    /// Of PKCE between us and the provider.
    pub verifier: String,
    /// What the ID token must repeat.
    pub nonce: String,
}

/// A flow as kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Of the state.
    pub id: String,
    /// Whom it went to.
    pub provider: ProviderName,
    /// Where the app waits.
    pub redirect_uri: String,
    /// Of PKCE between the app and us: who began may finish.
    pub challenge: String,
    /// Whom the identity is to be linked to, if it is no sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_to: Option<UserId>,
    /// The [`FlowSecrets`], sealed under the state.
    pub sealed: String,
    /// When it is too late.
    pub expires_at: Timestamp,
}

impl State {
    /// A new state.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new() -> Result<Self, CryptoError> {
        Ok(Self(random()?))
    }

    /// Reads what came back; `None` if it has not the shape of a state.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(from_base64url(text)?);
        bytes.as_slice().try_into().ok().map(Self)
    }

    /// The text for the URL.
    pub fn reveal(&self) -> String {
        base64url(self.0)
    }

    /// What the store knows it by.
    pub fn id(&self) -> String {
        sha256(&[b"oauth state", &self.0])
    }

    /// Seals what only the bearer of this state may have again.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn seal(&self, secrets: &FlowSecrets) -> Result<String, CryptoError> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut body = serde_json::to_vec(secrets).map_err(|_| CryptoError)?;
        let at = Nonce::assume_unique_for_key(nonce);
        self.cipher()?
            .seal_in_place_append_tag(at, Aad::empty(), &mut body)?;
        Ok(base64url([nonce.to_vec(), body].concat()))
    }

    /// Opens what was sealed under the same state.
    ///
    /// # Errors
    /// If it was sealed under another, or changed.
    pub fn open(&self, sealed: &str) -> Result<FlowSecrets, CryptoError> {
        let mut bytes = Zeroizing::new(from_base64url(sealed).ok_or(CryptoError)?);
        let (nonce, body) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(CryptoError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let clear = self.cipher()?.open_in_place(nonce, Aad::empty(), body)?;
        serde_json::from_slice(clear).map_err(|_| CryptoError)
    }

    fn cipher(&self) -> Result<LessSafeKey, CryptoError> {
        let secret = Salt::new(HKDF_SHA256, b"plenary oauth flow v1").extract(&self.0);
        let key = secret.expand(&[b"sealed secrets"], &AES_256_GCM)?;
        Ok(LessSafeKey::new(UnboundKey::from(key)))
    }
}

impl FlowSecrets {
    /// New ones.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new() -> Result<Self, CryptoError> {
        Ok(Self {
            verifier: base64url(random::<32>()?),
            nonce: base64url(random::<16>()?),
        })
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State(…)")
    }
}

impl fmt::Debug for FlowSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowSecrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_17_the_state_opens_its_own_secrets_and_nothing_else_does() {
        let (state, other) = (State::new().unwrap(), State::new().unwrap());
        let secrets = FlowSecrets::new().unwrap();
        let sealed = state.seal(&secrets).unwrap();
        assert!(!sealed.contains(&secrets.verifier));
        let read = State::parse(&state.reveal()).unwrap();
        assert_eq!(read.id(), state.id());
        assert_eq!(read.open(&sealed).unwrap().verifier, secrets.verifier);
        assert!(other.open(&sealed).is_err());
        assert!(state.open(&sealed[1..]).is_err() && state.open("").is_err());
        for wrong in ["", "x", &state.reveal()[1..]] {
            assert!(State::parse(wrong).is_none(), "{wrong}");
        }
        let shown = format!("{state:?}{secrets:?}");
        assert!(!shown.contains(&state.reveal()) && !shown.contains(&secrets.nonce));
    }
}
