//! Tokens that travel by mail: single use, known to the store only by hash.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use shared::{
    digest::{base64url, from_base64url},
    id::{InvitationId, OrganizationId, UserId},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::refresh::{CryptoError, Fingerprint};

const PREFIX: &str = "pli_";
const ID_LEN: usize = 26;

/// The token of an invitation: `pli_<organisation><invitation>_<secret>`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct InvitationToken {
    #[zeroize(skip)]
    organization: OrganizationId,
    #[zeroize(skip)]
    invitation: InvitationId,
    secret: [u8; 32],
}

impl InvitationToken {
    /// A new token.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new(
        organization: OrganizationId,
        invitation: InvitationId,
    ) -> Result<Self, CryptoError> {
        let mut token = Self {
            organization,
            invitation,
            secret: [0; 32],
        };
        SystemRandom::new().fill(&mut token.secret)?;
        Ok(token)
    }

    /// Reads what came in a link; `None` if it has not the shape of a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (ids, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        if ids.len() != 2 * ID_LEN || !ids.is_ascii() {
            return None;
        }
        let (organization, invitation) = ids.split_at(ID_LEN);
        let secret = Zeroizing::new(from_base64url(secret)?);
        Some(Self {
            organization: format!("org_{organization}").parse().ok()?,
            invitation: format!("invite_{invitation}").parse().ok()?,
            secret: secret.as_slice().try_into().ok()?,
        })
    }

    /// The text for the link.
    pub fn reveal(&self) -> Zeroizing<String> {
        let (organization, invitation) =
            (self.organization.to_string(), self.invitation.to_string());
        let secret = Zeroizing::new(base64url(self.secret));
        let ids = [organization, invitation].map(|id| id[id.len() - ID_LEN..].to_owned());
        Zeroizing::new(format!("{PREFIX}{}_{}", ids.concat(), *secret))
    }

    /// Where it invites to.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Which invitation it is.
    pub fn invitation(&self) -> InvitationId {
        self.invitation
    }

    /// What the store keeps.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.secret)
    }
}

/// The token of a letter about an account: `plm_<user>_<secret>`. What it is
/// good for stands with its fingerprint in the store.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MailToken {
    #[zeroize(skip)]
    user: UserId,
    secret: [u8; 32],
}

impl MailToken {
    const PREFIX: &str = "plm_";

    /// A new token.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new(user: UserId) -> Result<Self, CryptoError> {
        let mut token = Self {
            user,
            secret: [0; 32],
        };
        SystemRandom::new().fill(&mut token.secret)?;
        Ok(token)
    }

    /// Reads what came from a link; `None` if it has not the shape of a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, secret) = text.strip_prefix(Self::PREFIX)?.split_once('_')?;
        let secret = Zeroizing::new(from_base64url(secret)?);
        Some(Self {
            user: format!("user_{user}").parse().ok()?,
            secret: secret.as_slice().try_into().ok()?,
        })
    }

    /// The text for the link.
    pub fn reveal(&self) -> Zeroizing<String> {
        let user = self.user.to_string();
        let secret = Zeroizing::new(base64url(self.secret));
        let id = &user[user.len() - ID_LEN..];
        Zeroizing::new(format!("{}{id}_{}", Self::PREFIX, *secret))
    }

    /// Whose account it is about.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// What the store keeps.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.secret)
    }
}

impl fmt::Debug for MailToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailToken")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvitationToken")
            .field("invitation", &self.invitation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn or_06_a_token_reads_back_as_itself_and_nothing_else_does() {
        let token = InvitationToken::new(OrganizationId::new(), InvitationId::new()).unwrap();
        let text = token.reveal();
        let read = InvitationToken::parse(&text).unwrap();
        assert_eq!(read.organization(), token.organization());
        assert_eq!(read.invitation(), token.invitation());
        assert!(read.fingerprint().matches(&token.fingerprint()));
        for wrong in [
            "",
            "pli_",
            "pli__",
            &text[..text.len() - 2],
            &text.replace("pli_", "plr_"),
        ] {
            assert!(InvitationToken::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(&text[60..70]));
    }

    #[test]
    fn au_15_a_mail_token_reads_back_as_itself_and_nothing_else_does() {
        let token = MailToken::new(UserId::new()).unwrap();
        let text = token.reveal();
        let read = MailToken::parse(&text).unwrap();
        assert_eq!(read.user(), token.user());
        assert!(read.fingerprint().matches(&token.fingerprint()));
        for wrong in ["", "plm_", "plm__", &text[..text.len() - 2], &text[4..]] {
            assert!(MailToken::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(&text[40..50]));
    }
}
