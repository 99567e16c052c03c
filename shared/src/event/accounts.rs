//! What auth publishes of the security of accounts, and of what administrators
//! decide about them. No address and no secret stands in any of these.

use serde::{Deserialize, Serialize};

use super::contract;
use crate::id::{InvitationId, OrganizationId, SessionId, UserId};
use crate::principal::{PlatformRole, Role};

/// How somebody came to another password, or to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordChange {
    /// By the old one.
    Change,
    /// By a link that came by mail.
    Reset,
    /// By the first proof of the address, which takes away what was set up
    /// before: there is no password now.
    Removed,
}

/// A person has another password, or none any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPasswordChanged {
    /// Who.
    pub user_id: UserId,
    /// How.
    pub by: PasswordChange,
    /// With `change`: the session that goes on; every other ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}
contract!(
    UserPasswordChanged,
    "user.password.changed",
    "auth",
    user_id
);

/// An account moved to another address; which one is in `user.contact.changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserEmailChanged {
    /// Whose.
    pub user_id: UserId,
}
contract!(UserEmailChanged, "user.email.changed", "auth", user_id);

/// A person's second factors are others; what they are now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserSecondFactorsChanged {
    /// Whose.
    pub user_id: UserId,
    /// Whether there is an authenticator app.
    pub authenticator_app: bool,
    /// How many passkeys there are.
    pub passkeys: u32,
}
contract!(
    UserSecondFactorsChanged,
    "user.second_factors.changed",
    "auth",
    user_id
);

/// A person can sign in with a provider, or no longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentityChanged {
    /// Who.
    pub user_id: UserId,
    /// With which, as in the paths.
    pub provider: String,
    /// Whether it is linked.
    pub linked: bool,
}
contract!(
    UserIdentityChanged,
    "user.identity.changed",
    "auth",
    user_id
);

/// A person agreed to something, or no longer does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserConsentChanged {
    /// Who.
    pub user_id: UserId,
    /// To what: `terms`, `privacy`, or whatever the app asks.
    pub purpose: String,
    /// The version of the text that they saw.
    pub version: String,
    /// Whether they agree.
    pub granted: bool,
}
contract!(UserConsentChanged, "user.consent.changed", "auth", user_id);

/// An administrator suspended an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserSuspended {
    /// Whose.
    pub user_id: UserId,
    /// What the administrator wrote.
    pub reason: String,
}
contract!(UserSuspended, "user.suspended", "auth", user_id);

/// An administrator lifted a suspension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserReinstated {
    /// Whose account.
    pub user_id: UserId,
    /// What the administrator wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
contract!(UserReinstated, "user.reinstated", "auth", user_id);

/// A person has another role on the platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRoleChanged {
    /// Who.
    pub user_id: UserId,
    /// As what, now.
    pub role: PlatformRole,
    /// As what, until now.
    pub previous_role: PlatformRole,
    /// What the administrator wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
contract!(UserRoleChanged, "user.role.changed", "auth", user_id);

/// An administrator wants a person to choose another password, or no longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPasswordResetRequired {
    /// Who.
    pub user_id: UserId,
    /// Whether another password is wanted.
    pub required: bool,
    /// What the administrator wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
contract!(
    UserPasswordResetRequired,
    "user.password.reset_required",
    "auth",
    user_id
);

/// The identities of a person in other user bases changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserExternalIdsChanged {
    /// Whose.
    pub user_id: UserId,
    /// The user bases in which the person has one now.
    pub providers: Vec<String>,
}
contract!(
    UserExternalIdsChanged,
    "user.external_ids.changed",
    "auth",
    user_id
);

/// The invited person became a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationInvitationAccepted {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// Where to.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
}
contract!(
    OrganizationInvitationAccepted,
    "organization.invitation.accepted",
    "auth",
    invitation_id
);

/// An open invitation was withdrawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationInvitationRevoked {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// Where to.
    pub organization_id: OrganizationId,
}
contract!(
    OrganizationInvitationRevoked,
    "organization.invitation.revoked",
    "auth",
    invitation_id
);

/// Whom an open invitation was for does not want it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationInvitationDeclined {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// Where to.
    pub organization_id: OrganizationId,
}
contract!(
    OrganizationInvitationDeclined,
    "organization.invitation.declined",
    "auth",
    invitation_id
);
