//! Refresh tokens: opaque, rotated at every use, known to the store only by hash.
//!
//! A token reads `plr_<user><session>_<secrets>`. The identifiers say where its
//! session is kept. The secrets are two: a *family* secret, the same through
//! all generations of one session, and a *generation* secret, new each time. So
//! an outdated but genuine token (right family, wrong generation) can be told
//! from an invented one, and only the former, a sign of theft, ends the session
//! (RFC 9700 §4.14.2); whoever merely knows the identifiers can end nothing.

use std::fmt;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
    rand::{SecureRandom, SystemRandom},
};
use shared::{
    digest::{base64url, constant_time_eq, from_base64url, sha256},
    id::{SessionId, UserId},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const PREFIX: &str = "plr_";
const ID_LEN: usize = 26;
const FAMILY_LEN: usize = 16;
const GENERATION_LEN: usize = 32;
const SECRETS_LEN: usize = FAMILY_LEN + GENERATION_LEN;

/// The random generator or a cipher failed, or a sealed text is not for this token.
#[derive(Debug, thiserror::Error)]
#[error("a cryptographic operation failed")]
pub struct CryptoError;

impl From<ring::error::Unspecified> for CryptoError {
    fn from(_: ring::error::Unspecified) -> Self {
        // ring gives no cause, on purpose.
        Self
    }
}

/// A refresh token in the clear; wiped from memory when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RefreshToken {
    #[zeroize(skip)]
    user: UserId,
    #[zeroize(skip)]
    session: SessionId,
    secrets: [u8; SECRETS_LEN],
}

impl RefreshToken {
    /// The first token of a session.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn first(user: UserId, session: SessionId) -> Result<Self, CryptoError> {
        let mut token = Self {
            user,
            session,
            secrets: [0; SECRETS_LEN],
        };
        SystemRandom::new().fill(&mut token.secrets)?;
        Ok(token)
    }

    /// The token of the next generation: same session and family.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn next(&self) -> Result<Self, CryptoError> {
        let mut token = self.clone();
        SystemRandom::new().fill(&mut token.secrets[FAMILY_LEN..])?;
        Ok(token)
    }

    /// Reads what a client sent; `None` if it has not the shape of a token.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let (ids, secret) = rest.split_once('_')?;
        if ids.len() != 2 * ID_LEN || !ids.is_ascii() {
            return None;
        }
        let (user, session) = ids.split_at(ID_LEN);
        let decoded = Zeroizing::new(from_base64url(secret)?);
        let secrets = decoded.as_slice().try_into().ok()?;
        Some(Self {
            user: format!("user_{user}").parse().ok()?,
            session: format!("session_{session}").parse().ok()?,
            secrets,
        })
    }

    /// The text that the client keeps.
    pub fn reveal(&self) -> Zeroizing<String> {
        let (user, session) = (self.user.to_string(), self.session.to_string());
        let secrets = Zeroizing::new(base64url(self.secrets));
        Zeroizing::new(format!(
            "{PREFIX}{}{}_{}",
            suffix(&user),
            suffix(&session),
            *secrets
        ))
    }

    /// Whose session it belongs to.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The session that it continues.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What the store keeps of this generation.
    pub fn generation_hash(&self) -> Fingerprint {
        self.hash(b"generation", &self.secrets)
    }

    /// What the store keeps of the family.
    pub fn family_hash(&self) -> Fingerprint {
        self.hash(b"family", &self.secrets[..FAMILY_LEN])
    }

    /// Seals a text so that only the holder of this token can open it.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn seal(&self, clear: &[u8]) -> Result<String, CryptoError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce)?;
        let mut sealed = nonce.to_vec();
        let mut body = clear.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.cipher()?
            .seal_in_place_append_tag(nonce, self.aad(), &mut body)?;
        sealed.append(&mut body);
        Ok(base64url(sealed))
    }

    /// Opens what [`seal`](Self::seal) closed with the same token.
    ///
    /// # Errors
    /// If another token sealed it or it was changed.
    pub fn open(&self, sealed: &str) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut bytes = Zeroizing::new(from_base64url(sealed).ok_or(CryptoError)?);
        let (nonce, body) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(CryptoError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let clear = self.cipher()?.open_in_place(nonce, self.aad(), body)?;
        Ok(Zeroizing::new(clear.to_vec()))
    }

    fn aad(&self) -> Aad<String> {
        Aad::from(self.session.to_string())
    }

    fn cipher(&self) -> Result<LessSafeKey, CryptoError> {
        let secret = Salt::new(HKDF_SHA256, b"plenary refresh replay v1").extract(&self.secrets);
        let key = secret.expand(&[b"sealed pair"], &AES_256_GCM)?;
        Ok(LessSafeKey::new(UnboundKey::from(key)))
    }

    fn hash(&self, what: &[u8], secret: &[u8]) -> Fingerprint {
        Fingerprint(sha256(&[what, self.session.to_string().as_bytes(), secret]))
    }
}

fn suffix(id: &str) -> &str {
    id.rsplit_once('_').map_or(id, |(_, suffix)| suffix)
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// SHA-256 of a random secret, in base64url: safe to keep, useless to a thief.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(sha256(&[secret]))
    }

    /// As it stands in a key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time_eq(self.0.as_bytes(), other.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> RefreshToken {
        RefreshToken::first(UserId::new(), SessionId::new()).unwrap()
    }

    #[test]
    fn a_token_reads_back_as_itself() {
        let token = token();
        let text = token.reveal();
        let read = RefreshToken::parse(&text).unwrap();
        assert_eq!(read.user(), token.user());
        assert_eq!(read.session(), token.session());
        assert!(read.generation_hash().matches(&token.generation_hash()));
        assert_eq!(text.len(), PREFIX.len() + 2 * ID_LEN + 1 + 64);
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let text = token().reveal();
        let cut = &text[..text.len() - 1];
        for wrong in [
            "",
            "plr_",
            "plr__",
            cut,
            &text.replace("plr_", "plx_"),
            &format!("{}A", *text),
        ] {
            assert!(RefreshToken::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_rotated_token_is_of_the_same_family_and_another_generation() {
        let old = token();
        let new = old.next().unwrap();
        assert!(old.family_hash().matches(&new.family_hash()));
        assert!(!old.generation_hash().matches(&new.generation_hash()));
        assert!(!old.family_hash().matches(&token().family_hash()));
    }

    #[test]
    fn only_the_same_token_opens_what_it_sealed() {
        let old = token();
        let sealed = old.seal(b"pair").unwrap();
        assert_eq!(old.open(&sealed).unwrap().as_slice(), b"pair");
        assert!(old.next().unwrap().open(&sealed).is_err());
        assert!(token().open(&sealed).is_err());
        let mut changed = from_base64url(&sealed).unwrap();
        changed[NONCE_LEN] ^= 1;
        assert!(old.open(&base64url(changed)).is_err());
        assert!(old.open("short").is_err());
        assert_ne!(
            sealed,
            old.seal(b"pair").unwrap(),
            "each sealing has its own nonce"
        );
    }

    #[test]
    fn au_29_secrets_stay_out_of_debug_output() {
        let token = token();
        let text = token.reveal();
        let secret = text.splitn(3, '_').nth(2).unwrap();
        assert!(!format!("{token:?}").contains(&secret[..8]));
    }
}
