//! E-mail addresses in the one spelling that identifies an account.

use std::fmt;

use shared::{digest::sha256, id::UserId};
use unicode_normalization::UnicodeNormalization;

/// A normalised address: local part NFC and lower-cased, domain lower-cased.
///
/// Mail systems treat local parts as case-insensitive in practice, so two
/// spellings that reach one mailbox are one account.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// It does not have the shape `local@domain.tld`.
    #[error("this is not an e-mail address")]
    Malformed,
    /// The domain has other characters than ASCII.
    #[error("write an internationalised domain in its ASCII form (xn--…)")]
    Domain,
}

impl Email {
    /// Reads an address of at most 254 octets (RFC 5321 §4.5.3.1).
    ///
    /// # Errors
    /// If the text is no address that mail could reach.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(EmailError::Malformed)?;
        if !domain.is_ascii() {
            return Err(EmailError::Domain);
        }
        let local = local.nfc().collect::<String>().to_lowercase();
        let normal = format!("{local}@{}", domain.to_ascii_lowercase());
        if normal.len() > 254 || !is_local(&local) || !is_domain(domain) {
            return Err(EmailError::Malformed);
        }
        Ok(Self(normal))
    }

    /// The normalised address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part behind the `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// SHA-256 of the address: the key under which it is claimed.
    pub fn fingerprint(&self) -> String {
        sha256(&[self.0.as_bytes()])
    }

    /// The id of an account that does not exist, always the same for this
    /// address: looking for it costs what looking for a real one does.
    pub fn phantom(&self) -> UserId {
        let hash = sha256(&[b"phantom", self.0.as_bytes()]);
        let bits = hash
            .bytes()
            .take(16)
            .fold(0_u128, |bits, byte| (bits << 8) | u128::from(byte));
        UserId::from_uuid(uuid::Uuid::from_u128(bits))
    }
}

fn is_local(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .chars()
            .all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c))
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.len() <= 253
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

/// Addresses are personal data: they never reach a log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_mailbox_are_one_address() {
        let plain = Email::parse("ada.lovelace@example.org").unwrap();
        assert_eq!(plain, Email::parse("  Ada.Lovelace@EXAMPLE.org ").unwrap());
        let composed = Email::parse("andr\u{e9}@example.org").unwrap();
        let decomposed = Email::parse("andre\u{301}@example.org").unwrap();
        assert_eq!(composed.fingerprint(), decomposed.fingerprint());
        assert_ne!(plain.fingerprint(), composed.fingerprint());
    }

    #[test]
    fn texts_that_are_no_addresses_are_refused() {
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@localhost",
            "a b@example.org",
            "ada@-x.org",
            ".ada@example.org",
            "a..b@example.org",
            "ada@exa_mple.org",
            "a\n@example.org",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError::Malformed), "{text:?}");
        }
        assert_eq!(Email::parse("a@münchen.example"), Err(EmailError::Domain));
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(65))).is_err());
    }

    #[test]
    fn an_address_stays_out_of_debug_output() {
        let email = Email::parse("ada@example.org").unwrap();
        assert!(!format!("{email:?}").contains("ada"));
    }
}
