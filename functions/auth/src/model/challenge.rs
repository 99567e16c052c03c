//! Challenges: what a proof that takes two requests is bound to.
//!
//! The client holds a token of which we keep the hash. The challenge of a
//! WebAuthn ceremony is derived from the same token, so that one item, removed
//! by the commit that accepts the proof, makes both work once.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use shared::{
    digest::{base64url, from_base64url, sha256},
    id::{SessionId, UserId},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    account::SeenPassword,
    refresh::{CryptoError, Fingerprint},
    session::Method,
};

const PREFIX: &str = "plc_";

/// How long a challenge can be answered.
pub const CHALLENGE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How many wrong codes end a challenge.
pub const MAX_ATTEMPTS: u32 = 5;

/// The secret that names a challenge: `plc_<secret>`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ChallengeToken([u8; 32]);

impl ChallengeToken {
    /// A new token.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new() -> Result<Self, CryptoError> {
        let mut secret = [0; 32];
        SystemRandom::new().fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// Reads what a client sent; `None` if it has not the shape of a token.
    pub fn parse(text: &str) -> Option<Self> {
        let secret = Zeroizing::new(from_base64url(text.strip_prefix(PREFIX)?)?);
        secret.as_slice().try_into().ok().map(Self)
    }

    /// The text for the client.
    pub fn reveal(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(base64url(self.0));
        Zeroizing::new(format!("{PREFIX}{}", *secret))
    }

    /// What the store keeps.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    /// The challenge that an authenticator signs, base64url: 32 bytes that
    /// nobody can guess and that do not give the token away.
    pub fn webauthn(&self) -> String {
        sha256(&[b"webauthn challenge", &self.0])
    }
}

impl fmt::Debug for ChallengeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeToken(…)")
    }
}

/// What a challenge is for: an answer to one kind is none to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChallengeUse {
    /// To complete a sign-in that was begun without a second factor.
    SecondFactor,
    /// To prove oneself again on a session, by a passkey.
    StepUp,
    /// To add a passkey.
    Registration,
    /// To sign in by a passkey alone.
    SignIn,
    /// To keep an account that was to be deleted, by whoever signed in to it.
    CancelDeletion,
}

/// A challenge as kept: by hash only.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// Of the token.
    pub token: Fingerprint,
    /// What for.
    pub purpose: ChallengeUse,
    /// Whose account; nobody's yet for a sign-in by a passkey alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The session that it belongs to, if it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// What was proved before.
    #[serde(default)]
    pub methods: Vec<Method>,
    /// The password that the account had then, where that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SeenPassword>,
    /// Wrong codes so far.
    pub attempts: u32,
    /// When it was set.
    pub set_at: Timestamp,
    /// When it can no longer be answered.
    pub expires_at: Timestamp,
}

impl Challenge {
    /// A new challenge of a token.
    pub fn new(token: &ChallengeToken, purpose: ChallengeUse, now: Timestamp) -> Self {
        Self {
            token: token.fingerprint(),
            purpose,
            user_id: None,
            session_id: None,
            methods: Vec::new(),
            password: None,
            attempts: 0,
            set_at: now,
            expires_at: now + CHALLENGE_LIFE,
        }
    }

    /// Whether it can be answered, for this purpose and now.
    pub fn is_open(&self, purpose: ChallengeUse, now: Timestamp) -> bool {
        self.purpose == purpose && self.attempts < MAX_ATTEMPTS && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_21_a_challenge_token_reads_back_as_itself_and_nothing_else_does() {
        let token = ChallengeToken::new().unwrap();
        let text = token.reveal();
        let read = ChallengeToken::parse(&text).unwrap();
        assert!(read.fingerprint().matches(&token.fingerprint()));
        assert_eq!(read.webauthn(), token.webauthn());
        assert!(!text.contains(&token.webauthn()));
        for wrong in ["", "plc_", &text[..text.len() - 1], &text[4..]] {
            assert!(ChallengeToken::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(&text[10..20]));
    }

    #[test]
    fn au_21_a_challenge_is_for_one_purpose_its_time_and_few_attempts() {
        let (token, now) = (ChallengeToken::new().unwrap(), Timestamp::UNIX_EPOCH);
        let mut challenge = Challenge::new(&token, ChallengeUse::SecondFactor, now);
        assert!(challenge.is_open(ChallengeUse::SecondFactor, now));
        assert!(!challenge.is_open(ChallengeUse::StepUp, now));
        assert!(!challenge.is_open(ChallengeUse::SecondFactor, now + CHALLENGE_LIFE));
        challenge.attempts = MAX_ATTEMPTS;
        assert!(!challenge.is_open(ChallengeUse::SecondFactor, now));
    }
}
