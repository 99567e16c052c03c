//! Codes of authenticator apps: TOTP (RFC 6238) over HMAC-SHA-1, six digits,
//! thirty seconds, which is what every app understands.

use std::fmt;

use jiff::Timestamp;
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use shared::digest::constant_time_eq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::refresh::CryptoError;

/// How long a code is shown, in seconds.
pub const PERIOD: i64 = 30;
/// How many digits a code has.
pub const DIGITS: usize = 6;
/// How many steps a phone's clock may be off, either way (RFC 6238 §5.2).
const DRIFT: i64 = 1;
/// As long as the hash (RFC 4226 §4, R6).
const SECRET_LEN: usize = 20;

/// What an authenticator app and we share; wiped from memory when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpSecret([u8; SECRET_LEN]);

impl TotpSecret {
    /// A new secret.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new() -> Result<Self, CryptoError> {
        let mut bytes = [0; SECRET_LEN];
        SystemRandom::new().fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The secret of these bytes; `None` if there are not as many as needed.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is typed into an app: base32 (RFC 4648 §6). Twenty bytes need no
    /// padding.
    pub fn base32(&self) -> Zeroizing<String> {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = Zeroizing::new(String::with_capacity(SECRET_LEN * 8 / 5));
        for five in self.0.chunks(5) {
            let bits = five
                .iter()
                .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            for group in (0..8).rev() {
                let digit = usize::try_from((bits >> (5 * group)) & 31).unwrap_or(0);
                text.push(char::from(ALPHABET[digit]));
            }
        }
        text
    }

    /// The URI that an app reads from a QR code (Key URI Format).
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (escaped(issuer), escaped(account));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}\
             &algorithm=SHA1&digits={DIGITS}&period={PERIOD}",
            *self.base32()
        ))
    }

    /// The code of a step (RFC 4226 §5.3).
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let mac = tag.as_ref();
        let offset = usize::from(mac[mac.len() - 1] & 0xf);
        let word = mac[offset..offset + 4]
            .iter()
            .fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
    }

    /// The step whose code this is, if it is near `now` and after the last one
    /// that was accepted: each works once (RFC 6238 §5.2).
    pub fn step_of(&self, code: &str, now: Timestamp, last: Option<i64>) -> Option<i64> {
        let current = step(now);
        (current - DRIFT..=current + DRIFT)
            .filter(|step| last.is_none_or(|last| *step > last))
            .find(|step| constant_time_eq(self.code(*step).as_bytes(), code.as_bytes()))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// The step of an instant.
pub fn step(at: Timestamp) -> i64 {
    at.as_second().div_euclid(PERIOD)
}

/// Percent-encoded; apps take a plus for a plus.
fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// RFC 6238 appendix B, SHA-1, the last six of its eight digits.
    #[test]
    fn au_21_the_codes_are_those_of_rfc_6238() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(known().code(step(at(second))), code);
        }
    }

    #[test]
    fn au_21_a_clock_may_be_one_step_off_and_no_step_counts_twice() {
        let (secret, now) = (known(), at(1_111_111_109));
        let current = step(now);
        let accepted = |step: i64, last| secret.step_of(&secret.code(step), now, last);
        for near in [current - 1, current, current + 1] {
            assert_eq!(accepted(near, None), Some(near));
        }
        for far in [current - 2, current + 2] {
            assert_eq!(accepted(far, None), None);
        }
        assert_eq!(accepted(current, Some(current)), None);
        assert_eq!(accepted(current - 1, Some(current)), None);
        assert_eq!(accepted(current + 1, Some(current)), Some(current + 1));
        for junk in ["", "81804", "0818041", "08180x", "081804 "] {
            assert_eq!(secret.step_of(junk, now, None), None, "{junk}");
        }
    }

    #[test]
    fn au_21_the_secret_is_written_as_apps_read_it() {
        assert_eq!(*known().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            *known().uri("events.example.org", "ada+x@example.org"),
            "otpauth://totp/events.example.org:ada%2Bx%40example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=events.example.org\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", known()), "TotpSecret(…)");
        let (one, other) = (TotpSecret::new().unwrap(), TotpSecret::new().unwrap());
        assert_ne!(one.as_bytes(), other.as_bytes());
    }
}
