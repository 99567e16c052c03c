//! Who is asking, and what they may do.
//!
//! The token says who; roles are read from the `access` table (3 s cached), so
//! that a change of role or a revoked session holds everywhere within seconds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api_key::{KeyOwner, Terms};
use crate::id::{ApiKeyId, OrganizationId, ServiceAccountId, SessionId, UserId};
use crate::problem::{ADMINISTRATOR_ADDRESS_NOT_ALLOWED, Problem};
use crate::scope;

/// What a member is in an organisation. Later ones may do less.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, including deletion.
    Owner,
    /// Everything but deletion and the owners.
    Admin,
    /// Decides on submitted events.
    Approver,
    /// Makes and runs events.
    Organizer,
    /// Decides on reported content.
    Moderator,
    /// Stands at the door.
    Checkin,
    /// Sees what is internal.
    Member,
}

/// What a person is on the whole platform.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum PlatformRole {
    /// Anybody.
    #[default]
    User,
    /// Decides on reported content everywhere.
    Moderator,
    /// Runs the platform.
    Admin,
    /// Appoints administrators.
    Owner,
}

/// A right within an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub enum Permission {
    /// Change its name and settings.
    #[serde(rename = "organization.manage")]
    OrganizationManage,
    /// Delete it.
    #[serde(rename = "organization.delete")]
    OrganizationDelete,
    /// Add, change and remove members; invite.
    #[serde(rename = "members.manage")]
    MembersManage,
    /// See who belongs to it.
    #[serde(rename = "members.view")]
    MembersView,
    /// Make, change and end its API keys and service accounts.
    #[serde(rename = "keys.manage")]
    KeysManage,
    /// Create an event in its name.
    #[serde(rename = "event.create")]
    EventCreate,
    /// Change its events.
    #[serde(rename = "event.edit")]
    EventEdit,
    /// Approve or reject a submitted event.
    #[serde(rename = "event.approve")]
    EventApprove,
    /// Publish or cancel an event.
    #[serde(rename = "event.publish")]
    EventPublish,
    /// Check attendees in.
    #[serde(rename = "event.checkin")]
    EventCheckIn,
    /// See its events before they are published.
    #[serde(rename = "event.view-internal")]
    EventViewInternal,
    /// See who is registered.
    #[serde(rename = "attendees.view")]
    AttendeesView,
    /// Read its audit log.
    #[serde(rename = "audit.view")]
    AuditView,
}

impl Permission {
    /// Every permission.
    pub const ALL: &[Self] = &[
        Self::OrganizationManage,
        Self::OrganizationDelete,
        Self::MembersManage,
        Self::MembersView,
        Self::KeysManage,
        Self::EventCreate,
        Self::EventEdit,
        Self::EventApprove,
        Self::EventPublish,
        Self::EventCheckIn,
        Self::EventViewInternal,
        Self::AttendeesView,
        Self::AuditView,
    ];
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: &[Self] = &[
        Self::Owner,
        Self::Admin,
        Self::Approver,
        Self::Organizer,
        Self::Moderator,
        Self::Checkin,
        Self::Member,
    ];

    /// The one table of roles and rights.
    pub const fn permits(self, permission: Permission) -> bool {
        use Permission as P;
        match permission {
            P::OrganizationDelete => matches!(self, Self::Owner),
            P::OrganizationManage | P::MembersManage | P::AuditView | P::KeysManage => {
                matches!(self, Self::Owner | Self::Admin)
            }
            P::EventApprove => matches!(self, Self::Owner | Self::Admin | Self::Approver),
            P::EventCreate | P::EventEdit | P::EventPublish => {
                matches!(self, Self::Owner | Self::Admin | Self::Organizer)
            }
            P::EventCheckIn | P::AttendeesView => {
                matches!(
                    self,
                    Self::Owner | Self::Admin | Self::Organizer | Self::Checkin
                )
            }
            P::MembersView | P::EventViewInternal => true,
        }
    }

    /// Its rights, in order.
    pub fn permissions(self) -> Vec<Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(|permission| self.permits(*permission))
            .collect()
    }
}

/// By what a caller proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// A sign-in of a person.
    SignIn,
    /// An API key.
    ApiKey {
        /// Which.
        id: ApiKeyId,
        /// Whom it acts for.
        owner: KeyOwner,
        /// From where and how often.
        terms: Terms,
    },
    /// The client credentials of a service account.
    ServiceAccount {
        /// Which.
        id: ServiceAccountId,
        /// From where and how often.
        terms: Terms,
    },
}

impl Means {
    /// The id of the key or service account, if it is one.
    pub fn program(&self) -> Option<String> {
        match self {
            Self::SignIn => None,
            Self::ApiKey { id, .. } => Some(id.to_string()),
            Self::ServiceAccount { id, .. } => Some(id.to_string()),
        }
    }
}

/// A caller with no person behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// A key of an organisation.
    ApiKey(ApiKeyId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
}

/// The verified caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who. A program of an organisation has a user id of its own, to which
    /// no account belongs.
    pub user_id: UserId,
    /// By which sign-in; an id of its own for what is none.
    pub session_id: SessionId,
    /// By what.
    pub by: Means,
    /// What the token is good for; empty means everything its owner may do,
    /// unless it is [`Principal::narrowed`].
    pub scope: BTreeSet<String>,
    /// What the person is on the platform, from where they are: whoever is
    /// [`Principal::away`] is an ordinary user.
    pub platform_role: PlatformRole,
    /// Whether this is an administrator who comes from elsewhere than
    /// administrators of this deployment may.
    pub away: bool,
    /// What the person is in which organisation.
    pub memberships: BTreeMap<OrganizationId, Role>,
}

impl Principal {
    /// Whether only its scopes count: always so for what is no sign-in.
    pub fn narrowed(&self) -> bool {
        self.by != Means::SignIn || !self.scope.is_empty()
    }

    /// Whether the caller may use what `wanted` opens.
    pub fn has_scope(&self, wanted: &str) -> bool {
        !self.narrowed() || scope::include(&self.scope, wanted)
    }

    /// An administrator who comes from elsewhere than they may: without any of an
    /// administrator's rights, whatever asks for them.
    pub(crate) fn elsewhere(&self) -> Self {
        Self {
            platform_role: PlatformRole::User,
            away: true,
            ..self.clone()
        }
    }

    /// Whether the caller runs the platform.
    pub fn administers(&self) -> bool {
        self.platform_role >= PlatformRole::Admin
    }

    /// 403 unless the caller runs the platform.
    ///
    /// # Errors
    /// The problem to answer with.
    pub fn require_administrator(&self) -> Result<(), Problem> {
        if self.administers() {
            return Ok(());
        }
        Err(self.lacks(Problem::forbidden(
            "Only administrators of the platform do this.",
        )))
    }

    /// What an administrator from elsewhere is told instead of `problem`, which
    /// would send them looking for the wrong cause.
    pub fn lacks(&self, problem: Problem) -> Problem {
        if self.away {
            Problem::new(&ADMINISTRATOR_ADDRESS_NOT_ALLOWED)
        } else {
            problem
        }
    }

    /// The program, if no person is behind the caller.
    pub fn machine(&self) -> Option<Machine> {
        match self.by {
            Means::ApiKey {
                id,
                owner: KeyOwner::Organization { .. },
                ..
            } => Some(Machine::ApiKey(id)),
            Means::ServiceAccount { id, .. } => Some(Machine::ServiceAccount(id)),
            Means::SignIn | Means::ApiKey { .. } => None,
        }
    }

    /// The role in an organisation.
    pub fn role_in(&self, organization: OrganizationId) -> Option<Role> {
        self.memberships.get(&organization).copied()
    }

    /// Whether the caller has a right in an organisation.
    pub fn can(&self, permission: Permission, organization: OrganizationId) -> bool {
        self.administers()
            || self
                .role_in(organization)
                .is_some_and(|role| role.permits(permission))
    }

    /// 403 unless the caller has the right, and 404 for whoever is no member at
    /// all, so that nobody learns which organisations there are.
    ///
    /// # Errors
    /// The problem to answer with.
    pub fn require(
        &self,
        permission: Permission,
        organization: OrganizationId,
    ) -> Result<(), Problem> {
        if self.can(permission, organization) {
            return Ok(());
        }
        if self.role_in(organization).is_none() {
            return Err(self.lacks(Problem::not_found("The organization")));
        }
        let name = serde_json::to_value(permission).unwrap_or_default();
        let forbidden = Problem::forbidden("Your role in the organization does not allow this.");
        Err(self.lacks(forbidden.with("requiredPermission", name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OR-03, AU-30: a mightier administrative role never lacks a right.
    #[test]
    fn or_03_owner_and_admin_include_all_lesser_roles() {
        for permission in Permission::ALL.iter().copied() {
            assert!(Role::Owner.permits(permission));
            let anybody = Role::ALL[2..].iter().any(|role| role.permits(permission));
            assert!(
                !anybody || Role::Admin.permits(permission),
                "{permission:?}"
            );
        }
        assert!(!Role::Admin.permits(Permission::OrganizationDelete));
        assert!(!Role::Organizer.permits(Permission::EventApprove));
    }
}
