//! Copies of memberships: who approves in an organisation.

use serde::{Deserialize, Serialize};
use shared::id::{OrganizationId, UserId};
use shared::principal::{Permission, Role};

/// A membership. One that has ended stays as a tombstone, lest an older event
/// that comes late bring it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// In which organisation.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    /// As what; `None` when the membership has ended.
    pub role: Option<Role>,
}

impl Member {
    /// Whether they decide on submitted events.
    pub const fn approves(&self) -> bool {
        matches!(self.role, Some(Role::Owner | Role::Admin | Role::Approver))
    }

    /// Whether they may see who comes to its events.
    pub fn sees_attendees(&self) -> bool {
        self.role
            .is_some_and(|role| role.permits(Permission::AttendeesView))
    }
}
