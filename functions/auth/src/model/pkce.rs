//! Proof Key for Code Exchange (RFC 7636), method S256 alone.

use shared::digest::{base64url, constant_time_eq};

/// The challenge of a verifier: `BASE64URL(SHA256(verifier))` (§4.2).
pub fn challenge_of(verifier: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    base64url(hash.as_ref())
}

/// Whether it has the shape of a challenge: 43 characters of base64url.
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether the verifier is the one of the challenge.
pub fn proves(verifier: &str, challenge: &str) -> bool {
    (43..=128).contains(&verifier.len())
        && constant_time_eq(challenge_of(verifier).as_bytes(), challenge.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn au_17_the_example_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge_of(verifier), challenge);
        assert!(is_challenge(challenge) && proves(verifier, challenge));
        assert!(!proves(challenge, challenge) && !proves("short", &challenge_of("short")));
        assert!(!is_challenge("short") && !is_challenge(&"ä".repeat(43)));
    }
}
