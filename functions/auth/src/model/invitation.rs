//! Invitations into organisations, and how often somebody is invited.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    id::{InvitationId, OrganizationId, UserId},
    principal::Role,
};

use super::{
    account::{Account, Address},
    refresh::Fingerprint,
};

/// How long an invitation can be accepted.
pub const INVITATION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many an organisation sends on one day (UTC), and how many a person does:
/// each is a letter to somebody who did not ask for it.
pub const INVITATIONS_A_DAY: u64 = 200;
/// How long nobody invites somebody again whose invitation was withdrawn; each
/// time four times as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// The longest pause, and the one after somebody declined.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum InvitationState {
    /// It can be accepted.
    Pending,
    /// It was accepted.
    Accepted,
    /// It was withdrawn.
    Revoked,
    /// Whom it was for does not want it.
    Declined,
}

/// Whom an invitation is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Invitee {
    /// Who reads the mail of an address, with or without an account.
    Address {
        /// The normalised address.
        email: Address,
        /// Of the token that was sent there.
        token: Fingerprint,
    },
    /// Somebody with an account, whose address the organisation does not learn.
    User {
        /// Who.
        user_id: UserId,
    },
}

impl Invitee {
    /// Whether it is for the owner of an account.
    pub fn is(&self, account: &Account) -> bool {
        match self {
            Self::Address { email, .. } => account.email == *email,
            Self::User { user_id } => account.id == *user_id,
        }
    }

    /// The user, if it is for one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Address { .. } => None,
            Self::User { user_id } => Some(*user_id),
        }
    }

    /// The address, if it is for one.
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::Address { email, .. } => Some(&email.0),
            Self::User { .. } => None,
        }
    }

    /// Whether this token was sent to the address.
    pub fn opens(&self, sent: &Fingerprint) -> bool {
        matches!(self, Self::Address { token, .. } if token.matches(sent))
    }
}

/// An invitation into an organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Where to.
    pub organization_id: OrganizationId,
    /// Counts its changes.
    pub version: u64,
    /// Whom.
    #[serde(flatten)]
    pub to: Invitee,
    /// As what.
    pub role: Role,
    /// Who invited.
    pub invited_by: UserId,
    /// Where it stands.
    pub state: InvitationState,
    /// Who accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl Invitation {
    /// A new invitation.
    pub fn new(
        id: InvitationId,
        organization_id: OrganizationId,
        to: Invitee,
        role: Role,
        invited_by: UserId,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            organization_id,
            version: 0,
            to,
            role,
            invited_by,
            state: InvitationState::Pending,
            accepted_by: None,
            created_at: now,
            expires_at: now + INVITATION_LIFE,
        }
    }
}

/// The invitation that somebody has from an organisation, or had lately: one is
/// open at a time, and who was bothered in vain is left alone for a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    /// Where to.
    pub organization_id: OrganizationId,
    /// Whom: the hash of the address, or the user.
    pub whom: String,
    /// Counts its changes.
    pub version: u64,
    /// The last invitation.
    pub owner: InvitationId,
    /// Whether it is open.
    pub open: bool,
    /// How many were withdrawn or declined.
    pub closed: u32,
    /// Until when there is no other.
    pub until: Timestamp,
}

impl Invited {
    /// By a new invitation; `before` is what is known of earlier ones.
    pub fn by(invitation: &Invitation, whom: String, before: Option<&Self>) -> Self {
        Self {
            organization_id: invitation.organization_id,
            whom,
            version: before.map_or(0, |before| before.version),
            owner: invitation.id,
            open: true,
            closed: before.map_or(0, |before| before.closed),
            until: invitation.expires_at,
        }
    }

    /// The last one was withdrawn, or `declined`.
    pub fn close(&self, declined: bool, now: Timestamp) -> Self {
        let pause = if declined {
            LONGEST_PAUSE
        } else {
            let longer = 4_i32.saturating_pow(self.closed.min(9));
            (FIRST_PAUSE * longer).min(LONGEST_PAUSE)
        };
        Self {
            open: false,
            closed: self.closed.saturating_add(1),
            until: now + pause,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation(to: Invitee) -> Invitation {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let (organization, by) = (OrganizationId::new(), UserId::new());
        Invitation::new(InvitationId::new(), organization, to, Role::Member, by, now)
    }

    #[test]
    fn or_06_each_pause_is_longer_up_to_a_day() {
        let user_id = UserId::new();
        let sent = invitation(Invitee::User { user_id });
        let mut invited = Invited::by(&sent, user_id.to_string(), None);
        let now = sent.created_at;
        let mut minutes = Vec::new();
        for _ in 0..8 {
            invited = Invited::by(&sent, user_id.to_string(), Some(&invited));
            invited = invited.close(false, now);
            minutes.push((invited.until - now).get_seconds() / 60);
        }
        assert_eq!(minutes, [1, 4, 16, 64, 256, 1024, 1440, 1440]);
        let declined = Invited::by(&sent, user_id.to_string(), None).close(true, now);
        assert_eq!(declined.until, now + LONGEST_PAUSE);
    }

    #[test]
    fn or_06_an_invitation_reads_back_whomever_it_is_for() {
        let email = Address("ada@example.org".to_owned());
        let token = Fingerprint::of(b"secret");
        for to in [
            Invitee::Address { email, token },
            Invitee::User {
                user_id: UserId::new(),
            },
        ] {
            let sent = invitation(to);
            let kept = serde_json::to_value(&sent).unwrap();
            let read: Invitation = serde_json::from_value(kept.clone()).unwrap();
            assert_eq!(read.to.email(), sent.to.email());
            assert_eq!(read.to.user(), sent.to.user());
            assert_eq!(serde_json::to_value(&read).unwrap(), kept);
        }
    }
}
