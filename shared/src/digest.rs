//! Hashes and random bytes, all by `ring`, which the TLS client links already.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// SHA-256 over the parts with their lengths, so that no two lists of parts
/// have the same input; base64url without padding.
pub fn sha256(parts: &[&[u8]]) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    base64url(context.finish().as_ref())
}

/// HMAC-SHA-256 (RFC 2104) of `message` under `key`; base64url without padding.
pub fn hmac(key: &[u8], message: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    base64url(ring::hmac::sign(&key, message).as_ref())
}

/// Base64url without padding (RFC 4648 §5).
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The reverse of [`base64url`]; `None` for what is none.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// `N` random bytes from the operating system.
///
/// # Errors
/// The operating system gave none.
pub fn random<const N: usize>() -> Result<[u8; N], ring::error::Unspecified> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// Whether two byte strings are equal, in a time that does not tell where
/// they differ.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    // `ring` deprecates its own comparison; HMAC under a fresh key is its
    // documented replacement for secrets of any length.
    let Ok(key) = random::<32>() else {
        return false;
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    ring::hmac::verify(&key, b, ring::hmac::sign(&key, a).as_ref()).is_ok()
}
