//! Organisations and their members.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    id::{OrganizationId, UserId},
    principal::Role,
};

/// In how many organisations one person can be: the memberships are read with
/// every request. Nobody makes them many for somebody else, who accepts each.
pub const MAX_MEMBERSHIPS: u64 = 100;
/// How long it is remembered that a membership ended: longer than any event
/// about it can come again.
pub const TOMBSTONE_LIFE: SignedDuration = SignedDuration::from_hours(35 * 24);

/// Whether an organisation is there or on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OrganizationState {
    /// In use.
    Active,
    /// Hidden; its members and invitations are being removed.
    Deleting,
}

/// A tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Counts its changes.
    pub version: u64,
    /// What it is called.
    pub name: String,
    /// Its unique short name.
    pub slug: String,
    /// Whether its events need approval before they are published.
    pub event_approval: bool,
    /// Whether it is in use.
    pub state: OrganizationState,
    /// The owner who is deleting it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<UserId>,
    /// Who created it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// Whether a membership holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MemberState {
    /// The user belongs to the organisation.
    Active,
    /// The user left; kept a while so that events about it stay in order.
    Removed,
}

/// A person's place in an organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Where.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    /// Counts its changes.
    pub version: u64,
    /// Orders the events about this person's place here, also over an end and
    /// a new beginning: milliseconds since 1970, raised by at least one.
    pub sequence: u64,
    /// As what.
    pub role: Role,
    /// Whether it holds.
    pub state: MemberState,
    /// Since when, or until when it was.
    pub since: Timestamp,
}

impl Member {
    /// A new membership; `before` is what is left of an earlier one.
    pub fn begin(
        organization_id: OrganizationId,
        user_id: UserId,
        role: Role,
        now: Timestamp,
        before: Option<&Self>,
    ) -> Self {
        Self {
            organization_id,
            user_id,
            version: before.map_or(0, |member| member.version),
            sequence: next_sequence(before.map(|member| member.sequence), now),
            role,
            state: MemberState::Active,
            since: now,
        }
    }

    /// The same membership with another role.
    pub fn with_role(&self, role: Role, now: Timestamp) -> Self {
        Self {
            role,
            sequence: next_sequence(Some(self.sequence), now),
            ..self.clone()
        }
    }

    /// What is left when the person goes.
    pub fn removed(&self, now: Timestamp) -> Self {
        Self {
            state: MemberState::Removed,
            since: now,
            sequence: next_sequence(Some(self.sequence), now),
            ..self.clone()
        }
    }

    /// Whether the person belongs to the organisation.
    pub fn is_active(&self) -> bool {
        self.state == MemberState::Active
    }
}

/// A number for an event of `now` that is higher than that of the event before.
pub fn next_sequence(before: Option<u64>, now: Timestamp) -> u64 {
    let now = u64::try_from(now.as_millisecond()).unwrap_or(0);
    before.map_or(now, |before| now.max(before + 1))
}

/// How many members an organisation has, and how many of them own it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Headcount {
    /// Of which organisation.
    pub organization_id: OrganizationId,
    /// All members.
    pub members: u64,
    /// Those with the role `owner`: never fewer than one.
    pub owners: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn or_02_events_about_a_membership_stay_in_order_on_a_clock_that_stands() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let begin = |before| {
            Member::begin(
                OrganizationId::new(),
                UserId::new(),
                Role::Member,
                now,
                before,
            )
        };
        let first = begin(None);
        let changed = first.with_role(Role::Organizer, now);
        let gone = changed.removed(now);
        let again = begin(Some(&gone));
        let sequences = [
            first.sequence,
            changed.sequence,
            gone.sequence,
            again.sequence,
        ];
        assert!(sequences.is_sorted_by(|a, b| a < b), "{sequences:?}");
    }
}
