//! What is known of a person here, copied from events.

use serde::{Deserialize, Serialize};
use shared::digest;
use shared::id::UserId;
use uuid::Uuid;

use super::kind::Kind;
use super::mail::MailRef;

/// So many e-mails wait for an address that is not known yet; it comes with
/// the registration, so that one or two are the rule.
pub const MAX_AWAITING: usize = 20;

/// Bytes of the signature in an unsubscribe token (RFC 2104 §5: half of the
/// hash at least).
const SIGNATURE: usize = 16;

/// A person whom messages reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    /// Who.
    pub user_id: UserId,
    /// What others call them.
    #[serde(default)]
    pub name: Option<String>,
    /// Where e-mail goes.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether they proved that the address is theirs: what else is kept of it may be
    /// somebody else's before.
    #[serde(default)]
    pub email_verified: bool,
    /// The sequence of the event that told the address: an older one is late.
    #[serde(default)]
    pub contact_sequence: u64,
    /// E-mails that were written before the address was known.
    #[serde(default)]
    pub awaiting: Vec<MailRef>,
    /// Whether their account is to be deleted: they are told nothing meanwhile.
    #[serde(default)]
    pub leaving: bool,
    /// The sequence of the event that said so, or that they stay.
    #[serde(default)]
    pub leaving_sequence: u64,
    /// Signs this person's unsubscribe links, and nothing else.
    pub unsubscribe_key: String,
    /// Counts changes.
    #[serde(default)]
    pub version: u64,
}

impl Recipient {
    /// The address, if they proved that it is theirs.
    pub fn own_address(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }

    /// A person of whom nothing is known yet.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub fn new(user_id: UserId) -> Result<Self, NoRandom> {
        let key = digest::random::<32>().map_err(|_| NoRandom)?;
        Ok(Self {
            user_id,
            name: None,
            email: None,
            email_verified: false,
            contact_sequence: 0,
            awaiting: Vec::new(),
            leaving: false,
            leaving_sequence: 0,
            unsubscribe_key: digest::base64url(key),
            version: 0,
        })
    }

    /// The token that stops e-mail of one type (`None`: of every type that can
    /// be stopped) and can do nothing else; it needs no sign-in (RFC 8058).
    pub fn unsubscribe_token(&self, kind: Option<Kind>) -> String {
        let claim = UnsubscribeClaim {
            user_id: self.user_id,
            kind,
        };
        format!("{}.{}", claim.text(), self.signature(&claim))
    }

    /// Whether `token`, which makes this claim, was issued by us.
    pub fn issued(&self, claim: &UnsubscribeClaim, token: &str) -> bool {
        let expected = format!("{}.{}", claim.text(), self.signature(claim));
        digest::constant_time_eq(expected.as_bytes(), token.as_bytes())
    }

    fn signature(&self, claim: &UnsubscribeClaim) -> String {
        let mac = digest::hmac(self.unsubscribe_key.as_bytes(), claim.text().as_bytes());
        mac.chars().take(SIGNATURE * 4 / 3 + 1).collect()
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandom;

/// What an unsubscribe token claims, before its signature is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsubscribeClaim {
    /// Whose e-mail.
    pub user_id: UserId,
    /// Which type; `None` is every type that can be stopped.
    pub kind: Option<Kind>,
}

impl UnsubscribeClaim {
    /// Reads a token without trusting it.
    pub fn of(token: &str) -> Option<Self> {
        if token.len() > 200 {
            return None;
        }
        let (claim, _) = token.rsplit_once('.')?;
        let (user, kind) = claim.split_once('.')?;
        let kind = match kind {
            "all" => None,
            kind => Some(kind.parse().ok()?),
        };
        let bytes = digest::from_base64url(user)?;
        let user_id = UserId::from_uuid(Uuid::from_slice(&bytes).ok()?);
        Some(Self { user_id, kind })
    }

    fn text(&self) -> String {
        let user = digest::base64url(self.user_id.uuid().as_bytes());
        format!("{user}.{}", self.kind.map_or("all", Kind::name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_one_user_and_one_type() {
        let (ada, bob) = (UserId::new(), UserId::new());
        let (ada, bob) = (Recipient::new(ada).unwrap(), Recipient::new(bob).unwrap());
        for kind in [None, Some(Kind::EventApproved), Some(Kind::Welcome)] {
            let token = ada.unsubscribe_token(kind);
            let claim = UnsubscribeClaim::of(&token).unwrap();
            assert_eq!((claim.user_id, claim.kind), (ada.user_id, kind));
            assert!(ada.issued(&claim, &token));
            assert!(!bob.issued(&claim, &token));
            let forged = token.replace(kind.map_or("all", Kind::name), "event.updated");
            let claim = UnsubscribeClaim::of(&forged).unwrap();
            assert!(!ada.issued(&claim, &forged));
        }
        assert_eq!(UnsubscribeClaim::of("x.y"), None);
        assert_eq!(UnsubscribeClaim::of("AAAA.welcome.AAAA"), None);
    }
}
