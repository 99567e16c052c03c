//! Second factors, and the challenges that ask for them.

use jiff::Timestamp;
use shared::{
    id::{PasskeyId, UserId},
    table::{Entity, Key},
};

use super::user;
use crate::model::{
    challenge::Challenge, factors::Factors, passkey::Passkey, refresh::Fingerprint,
};

pub(in crate::store) fn factors(id: UserId) -> Key {
    Key::new(user(id), "FACTORS")
}

pub(in crate::store) const PASSKEY: &str = "PASSKEY#";

pub(in crate::store) fn passkey(user_id: UserId, id: PasskeyId) -> Key {
    Key::new(user(user_id), format!("{PASSKEY}{id}"))
}

/// Keys are short; credential ids need not be.
pub(in crate::store) fn credential_claim(credential_id: &str) -> Key {
    let fingerprint = Fingerprint::of(credential_id.as_bytes());
    Key::new(format!("{PASSKEY}{}", fingerprint.as_str()), "CLAIM")
}

pub(in crate::store) fn challenge(token: &Fingerprint) -> Key {
    Key::new(format!("CHALLENGE#{}", token.as_str()), "CHALLENGE")
}

impl Entity for Factors {
    const KIND: &'static str = "factors";

    fn key(&self) -> Key {
        factors(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Passkey {
    const KIND: &'static str = "passkey";

    fn key(&self) -> Key {
        passkey(self.user_id, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Challenge {
    const KIND: &'static str = "challenge";

    fn key(&self) -> Key {
        challenge(&self.token)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
