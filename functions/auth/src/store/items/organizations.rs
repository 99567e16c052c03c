//! Organisations, their members and invitations.

use jiff::{SignedDuration, Timestamp};
use shared::{
    id::{InvitationId, OrganizationId, UserId},
    table::{Entity, Key},
};

use crate::model::{
    invitation::{Invitation, Invited},
    organization::{Headcount, Member, Organization, TOMBSTONE_LIFE},
};

/// How long it is remembered after a pause how often somebody was invited in vain.
const PAUSES_REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);
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

const INVITEE: &str = "INVITEE#";
const SENT: &str = "INVITES#";
/// All kinds of items about invitations.
pub(in crate::store) const INVITATIONS: &str = "INVITE";

pub(in crate::store) fn invited(organization: OrganizationId, whom: &str) -> Key {
    Key::new(
        organization_partition(organization),
        format!("{INVITEE}{whom}"),
    )
}

/// How many invitations an organisation or a person sent on the day of `now`.
pub(in crate::store) fn invitations_sent(partition: String, now: Timestamp) -> Key {
    let day = now.strftime("%Y-%m-%d");
    Key::new(partition, format!("{SENT}{day}"))
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

impl Entity for Invited {
    const KIND: &'static str = "invited";

    fn key(&self) -> Key {
        invited(self.organization_id, &self.whom)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        // Who invites again after a pause waits longer the next time.
        Some(self.until + PAUSES_REMEMBERED)
    }
}
