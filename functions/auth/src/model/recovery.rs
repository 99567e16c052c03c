//! Recovery codes: what is left when the phone is lost. Each works once.

use std::fmt;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use shared::digest::{constant_time_eq, hmac};
use zeroize::Zeroizing;

use super::refresh::CryptoError;

/// How many a person gets.
pub const CODES: usize = 10;
/// Characters of a code, five bits each.
const LENGTH: usize = 10;
/// Crockford's: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const KEY_LEN: usize = 32;

/// What the codes of an account are hashed under. Fifty bits could be found by
/// trying, by who reads the table: so the key is kept sealed.
#[derive(Clone)]
pub struct RecoveryKey(Zeroizing<Vec<u8>>);

impl RecoveryKey {
    /// A new key.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new() -> Result<Self, CryptoError> {
        let mut bytes = Zeroizing::new(vec![0; KEY_LEN]);
        SystemRandom::new().fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The key of these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Its bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn hash(&self, plain: &str) -> String {
        hmac(&self.0, plain.as_bytes())
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(…)")
    }
}

/// The codes of an account as kept: none of them can be read.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// The key, sealed, base64url.
    pub sealed_key: String,
    /// HMAC-SHA-256 of each code that is left.
    pub left: Vec<String>,
    /// When they were made.
    pub made_at: Timestamp,
}

impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovery")
            .field("left", &self.left.len())
            .finish_non_exhaustive()
    }
}

impl Recovery {
    /// The codes that are left once this one is used; `None` if it is none of them.
    pub fn without(&self, key: &RecoveryKey, code: &str) -> Option<Self> {
        let hash = key.hash(&plain(code)?);
        let equal = |other: &String| constant_time_eq(other.as_bytes(), hash.as_bytes());
        let mut rest = self.clone();
        rest.left.retain(|other| !equal(other));
        (rest.left.len() < self.left.len()).then_some(rest)
    }
}

/// New codes, to be shown once, and their hashes.
///
/// # Errors
/// If the system gives no random numbers.
pub fn generate(key: &RecoveryKey) -> Result<(Vec<Zeroizing<String>>, Vec<String>), CryptoError> {
    let mut codes: Vec<Zeroizing<String>> = Vec::with_capacity(CODES);
    let mut hashes = Vec::with_capacity(CODES);
    while codes.len() < CODES {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        SystemRandom::new().fill(&mut *bytes)?;
        // 256 is a multiple of 32: no character is likelier than another.
        let code: Zeroizing<String> = Zeroizing::new(
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .collect(),
        );
        let hash = key.hash(&code);
        if !hashes.contains(&hash) {
            codes.push(Zeroizing::new(format!("{}-{}", &code[..5], &code[5..])));
            hashes.push(hash);
        }
    }
    Ok((codes, hashes))
}

/// A code as it was typed: in either case, with or without the hyphen, and
/// with the letters that Crockford reads as digits.
fn plain(typed: &str) -> Option<Zeroizing<String>> {
    let plain: Zeroizing<String> = Zeroizing::new(
        typed
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect(),
    );
    let known = |byte: u8| ALPHABET.contains(&byte);
    (plain.len() == LENGTH && plain.bytes().all(known)).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> (RecoveryKey, Vec<Zeroizing<String>>, Recovery) {
        let key = RecoveryKey::new().unwrap();
        let (codes, left) = generate(&key).unwrap();
        let recovery = Recovery {
            sealed_key: "sealed".into(),
            left,
            made_at: Timestamp::UNIX_EPOCH,
        };
        (key, codes, recovery)
    }

    #[test]
    fn au_21_each_recovery_code_works_once_however_it_is_typed() {
        let (key, codes, recovery) = some();
        assert_eq!((codes.len(), recovery.left.len()), (CODES, CODES));
        let typed = codes[3].to_uppercase().replace('-', " ").replace('1', "l");
        let rest = recovery.without(&key, &typed).unwrap();
        assert_eq!(rest.left.len(), CODES - 1);
        assert!(rest.without(&key, &codes[3]).is_none());
        assert!(rest.without(&key, &codes[4]).is_some());
        for junk in ["", "-", "00000-00000", "u0000-00000", "0000000000000"] {
            assert!(recovery.without(&key, junk).is_none(), "{junk}");
        }
    }

    #[test]
    fn au_21_codes_of_another_account_are_worth_nothing() {
        let (_, codes, _) = some();
        let (key, _, recovery) = some();
        assert!(recovery.without(&key, &codes[0]).is_none());
        assert!(!format!("{recovery:?} {key:?}").contains(&recovery.left[0]));
    }
}
