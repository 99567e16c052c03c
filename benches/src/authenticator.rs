//! An authenticator app: TOTP (RFC 6238) by HMAC-SHA-1, six digits, 30 seconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::hmac;

use crate::{Context as _, Result};

const PERIOD: u64 = 30;

/// The app of one account.
pub struct Authenticator {
    key: hmac::Key,
    used: u64,
}

impl Authenticator {
    /// With a secret in base32 (RFC 4648 §6).
    pub fn new(secret: &str) -> Result<Self> {
        let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
        for letter in secret.bytes() {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                _ => return None.context("a secret that is no base32"),
            };
            bits = bits << 5 | u32::from(value);
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push(u8::try_from(bits >> held & 0xff).unwrap_or(0));
            }
        }
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes),
            used: 0,
        })
    }

    /// The earliest code that is good and was not used yet; each is good once,
    /// from one period before its own to one after.
    pub async fn next(&mut self) -> String {
        loop {
            // The oldest that is still good when it arrives, two seconds on.
            let next = (self.used + 1).max((now() + 2) / PERIOD - 1);
            if next <= now() / PERIOD + 1 {
                self.used = next;
                return self.code(next);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn code(&self, step: u64) -> String {
        let tag = hmac::sign(&self.key, &step.to_be_bytes());
        let mac = tag.as_ref();
        let offset = usize::from(mac[mac.len() - 1] & 0xf);
        let word = mac[offset..offset + 4]
            .iter()
            .fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an app shows codes of the real clock"
)]
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let app = Authenticator::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        assert_eq!(app.code(59 / PERIOD), "287082");
        assert_eq!(app.code(1_111_111_109 / PERIOD), "081804");
        assert!(Authenticator::new("0").is_err());
    }

    #[tokio::test]
    async fn no_code_is_shown_twice() {
        let mut app = Authenticator::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        app.next().await;
        let first = app.used;
        app.next().await;
        assert_eq!(app.used, first + 1);
    }
}
