//! Organisations, their members and invitations.

use jiff::{SignedDuration, Timestamp};
use shared::{
    id::{InvitationId, OrganizationId, UserId},
    table::{Entity, Key},
};

use super::Claim;
use crate::model::{
    email::Email,
    organization::{Headcount, Invitation, InvitationState, Member, Organization, TOMBSTONE_LIFE},
};

/// How long an invitation is shown after it ceased to be open.
const CLOSED_INVITATION_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(in crate::store) fn slug(slug: &str) -> Key {
    Key::new(format!("SLUG#{slug}"), "CLAIM")
}

pub(in crate::store) fn organization_partition(id: OrganizationId) -> String {
    format!("ORG#{id}")
}

pub(in crate::store) fn organization(id: OrganizationId) -> Key {
    Key::new(organization_partition(id), "ORGANIZATION")
}

pub(in crate::store) fn headcount(id: OrganizationId) -> Key {
    Key::new(organization_partition(id), "HEADCOUNT")
}

pub(in crate::store) const MEMBER: &str = "MEMBER#";

pub(in crate::store) fn member(organization: OrganizationId, user: UserId) -> Key {
    Key::new(
        organization_partition(organization),
        format!("{MEMBER}{user}"),
    )
}

pub(in crate::store) const INVITATION: &str = "INVITE#";

pub(in crate::store) fn invitation(organization: OrganizationId, id: InvitationId) -> Key {
    Key::new(
        organization_partition(organization),
        format!("{INVITATION}{id}"),
    )
}

const INVITED: &str = "INVITED#";
/// Both kinds of items about invitations.
pub(in crate::store) const INVITATIONS: &str = "INVITE";

pub(in crate::store) fn invited(organization: OrganizationId, email: &Email) -> Key {
    Key::new(
        organization_partition(organization),
        format!("{INVITED}{}", email.fingerprint()),
    )
}

impl Entity for Organization {
    const KIND: &'static str = "organization";

    fn key(&self) -> Key {
        organization(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Headcount {
    const KIND: &'static str = "headcount";

    fn key(&self) -> Key {
        headcount(self.organization_id)
    }
}

impl Entity for Member {
    const KIND: &'static str = "member";

    fn key(&self) -> Key {
        member(self.organization_id, self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        (!self.is_active()).then(|| self.since + TOMBSTONE_LIFE)
    }
}

impl Entity for Invitation {
    const KIND: &'static str = "invitation";

    fn key(&self) -> Key {
        invitation(self.organization_id, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        // Kept beyond its end, so that a late click is told what happened.
        Some(self.expires_at + CLOSED_INVITATION_LIFE)
    }
}

/// The claim of an address by its open invitation.
pub(in crate::store) fn open_invitation(of: &Invitation, address: &Email) -> Claim<InvitationId> {
    debug_assert_eq!(of.state, InvitationState::Pending);
    Claim {
        key: invited(of.organization_id, address),
        owner: of.id,
        until: Some(of.expires_at),
    }
}
