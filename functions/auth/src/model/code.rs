//! Codes to type: what a mail carries beside its link, for who reads the mail
//! on another device.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{kept::HashError, password::Password, refresh::CryptoError};

/// How many digits.
pub const DIGITS: usize = 8;
/// How many there are.
const COUNT: u32 = 100_000_000;
/// So many tries has one code; after them it is dead, and the link beside it
/// still works.
pub const TRIES: u32 = 5;
/// So many tries an account has in a day, whatever the number of its letters.
/// With [`TRIES`] a stranger's chance is one in five million a day.
pub const TRIES_A_DAY: u32 = 20;

/// A code in the clear; wiped from memory when dropped.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// A new code, each as likely as any other.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new() -> Result<Self, CryptoError> {
        // What lies above the last whole multiple would favour small codes.
        let fair = u32::MAX - u32::MAX % COUNT;
        loop {
            let mut bytes = [0; 4];
            SystemRandom::new().fill(&mut bytes)?;
            let number = u32::from_be_bytes(bytes);
            if number < fair {
                let digits = format!("{:0DIGITS$}", number % COUNT);
                return Ok(Self(Zeroizing::new(digits)));
            }
        }
    }

    /// Reads what somebody typed, with spaces or hyphens or without; `None` if
    /// it has not the shape of a code.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 4 * DIGITS {
            return None;
        }
        let digits: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .filter(|c| !c.is_whitespace() && *c != '-')
                .collect(),
        );
        let shaped = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        shaped.then_some(Self(digits))
    }

    /// The digits, for the letter.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the store keeps. Eight digits are quickly tried through, so it is
    /// as slow to check as a password.
    ///
    /// # Errors
    /// If the system gives no random salt.
    pub fn hash(&self) -> Result<CodeHash, HashError> {
        Password::presented(&self.0).hash().map(CodeHash)
    }

    /// Whether it is the code of the kept hash.
    ///
    /// # Errors
    /// If the hash cannot be read.
    pub fn matches(&self, hash: &CodeHash) -> Result<bool, HashError> {
        Password::presented(&self.0).matches(&hash.0)
    }

    /// Takes as long as [`Code::matches`], for a code that was never sent.
    ///
    /// # Errors
    /// If hashing fails.
    pub fn matches_nobody(&self) -> Result<bool, HashError> {
        Password::presented(&self.0).matches_nobody()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// A code as kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeHash(String);

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_20_a_code_reads_back_as_people_type_it_and_nothing_else_does() {
        let code = Code::new().unwrap();
        let digits = code.reveal().to_owned();
        assert_eq!(digits.len(), DIGITS);
        let hash = code.hash().unwrap();
        let typed = format!(" {} {}-{} ", &digits[..3], &digits[3..5], &digits[5..]);
        assert!(Code::parse(&typed).unwrap().matches(&hash).unwrap());
        let other = if digits == "00000000" {
            "00000001"
        } else {
            "00000000"
        };
        assert!(!Code::parse(other).unwrap().matches(&hash).unwrap());
        for wrong in ["", "1234567", "123456789", "1234567a", "１２３４５６７８"] {
            assert!(Code::parse(wrong).is_none(), "{wrong}");
        }
        assert!(Code::parse(&" ".repeat(1000)).is_none());
        assert!(!format!("{code:?}{hash:?}").contains(&digits));
        assert!(!format!("{hash:?}").contains("argon2"));
    }

    #[test]
    fn au_20_no_two_codes_are_alike_and_every_digit_comes_first() {
        let codes: std::collections::HashSet<String> = (0..500)
            .map(|_| Code::new().unwrap().reveal().to_owned())
            .collect();
        assert!(codes.len() > 490);
        let first: std::collections::HashSet<u8> =
            codes.iter().map(|code| code.as_bytes()[0]).collect();
        assert_eq!(first.len(), 10);
    }
}
