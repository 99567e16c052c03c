//! Handing a registration over to somebody else, who must want it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::digest;
use shared::id::{RegistrationId, UserId};

/// An open offer to take a registration over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// To whom, if to a user.
    #[serde(default)]
    pub to_user: Option<UserId>,
    /// The hash of the code that was sent to an address.
    #[serde(default)]
    pub code_hash: Option<String>,
    /// Until when it can be taken.
    pub expires_at: Timestamp,
}

impl Transfer {
    /// Whether `user`, who presents `code`, may take it.
    pub fn admits(&self, user: UserId, code: Option<&str>, now: Timestamp) -> bool {
        let meant = self.to_user == Some(user);
        let knows = self
            .code_hash
            .as_ref()
            .zip(code)
            .is_some_and(|(hash, code)| {
                digest::constant_time_eq(hash.as_bytes(), hash_of(code).as_bytes())
            });
        now < self.expires_at && (meant || knows)
    }

    /// A fresh code for a registration, and the hash that is kept of it.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub fn code(
        registration: RegistrationId,
        owner: UserId,
    ) -> Result<(String, String), ring::error::Unspecified> {
        let secret = digest::base64url(digest::random::<32>()?);
        let code = format!("{owner}.{registration}.{secret}");
        let hash = hash_of(&code);
        Ok((code, hash))
    }

    /// Whose registration a code is for.
    pub fn owner_in(code: &str) -> Option<(UserId, RegistrationId)> {
        let mut parts = code.splitn(3, '.');
        let owner = parts.next()?.parse().ok()?;
        Some((owner, parts.next()?.parse().ok()?))
    }
}

fn hash_of(code: &str) -> String {
    digest::sha256(&[b"transfer", code.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ev_20_a_transfer_admits_whom_it_is_meant_for() {
        let now: Timestamp = "2026-09-01T10:00:00Z".parse().unwrap();
        let (owner, registration) = (UserId::new(), RegistrationId::new());
        let (code, hash) = Transfer::code(registration, owner).unwrap();
        assert_eq!(Transfer::owner_in(&code), Some((owner, registration)));
        assert_eq!(Transfer::owner_in("nonsense"), None);
        let by_code = Transfer {
            to_user: None,
            code_hash: Some(hash),
            expires_at: now + jiff::SignedDuration::from_hours(1),
        };
        let somebody = UserId::new();
        assert!(by_code.admits(somebody, Some(&code), now));
        assert!(!by_code.admits(somebody, Some(&format!("{code}x")), now));
        assert!(!by_code.admits(somebody, None, now));
        assert!(!by_code.admits(somebody, Some(&code), by_code.expires_at));
        let by_user = Transfer {
            to_user: Some(somebody),
            code_hash: None,
            ..by_code
        };
        assert!(by_user.admits(somebody, None, now));
        assert!(!by_user.admits(owner, Some(&code), now));
    }
}
