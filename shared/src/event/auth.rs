//! What auth publishes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contract;
use crate::id::{InvitationId, OperationId, OrganizationId, SessionId, UserId};
use crate::principal::Role;

/// A person has an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRegistered {
    /// Who.
    pub user_id: UserId,
    /// The full name, if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The unique handle, if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}
contract!(UserRegistered, "user.registered", "auth", user_id);

/// A person signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLogin {
    /// Who.
    pub user_id: UserId,
    /// The new session.
    pub session_id: SessionId,
    /// When.
    pub timestamp: Timestamp,
}
contract!(UserLogin, "user.login", "auth", user_id);

/// A person signed out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLogout {
    /// Who.
    pub user_id: UserId,
    /// The ended session.
    pub session_id: SessionId,
}
contract!(UserLogout, "user.logout", "auth", user_id);

/// A session was ended by its owner elsewhere, by an operator, or because its
/// refresh token was used twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRevoked {
    /// The ended session.
    pub session_id: SessionId,
    /// Whose it was.
    pub user_id: UserId,
}
contract!(SessionRevoked, "session.revoked", "auth", session_id);

/// What a program signs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CredentialKind {
    /// An API key.
    ApiKey,
    /// A service account with its client secret.
    ServiceAccount,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CredentialChange {
    /// It was made.
    Created,
    /// Its name or rights were changed.
    Updated,
    /// It got a new secret.
    Rotated,
    /// One of its secrets was revoked by whoever held it.
    SecretRevoked,
    /// It was ended.
    Revoked,
}

/// An API key or a service account came, changed or went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialChanged {
    /// Which.
    pub credential_id: String,
    /// Of what kind.
    pub kind: CredentialKind,
    /// What happened.
    pub change: CredentialChange,
    /// The person it acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The organisation it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// As what it acts there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
contract!(
    CredentialChanged,
    "credential.changed",
    "auth",
    credential_id
);

/// The address to reach a person at. Never archived, never sent to webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserContactChanged {
    /// Who.
    pub user_id: UserId,
    /// The e-mail address.
    pub email: String,
    /// Whether the person proved to own it.
    pub verified: bool,
}
contract!(UserContactChanged, "user.contact.changed", "auth", user_id);

/// A tenant came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationCreated {
    /// Which.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its unique short name.
    pub slug: String,
    /// Whether its events need approval before they are published.
    pub event_approval: bool,
}
contract!(
    OrganizationCreated,
    "organization.created",
    "auth",
    organization_id
);

/// A tenant's name or settings changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationUpdated {
    /// Which.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its unique short name.
    pub slug: String,
    /// Whether its events need approval before they are published.
    pub event_approval: bool,
}
contract!(
    OrganizationUpdated,
    "organization.updated",
    "auth",
    organization_id
);

/// A tenant is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationDeleted {
    /// Which.
    pub organization_id: OrganizationId,
}
contract!(
    OrganizationDeleted,
    "organization.deleted",
    "auth",
    organization_id
);

/// A person belongs to a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationMemberAdded {
    /// Where.
    pub organization_id: OrganizationId,
    /// The tenant's name, to show.
    pub organization_name: String,
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
}
contract!(
    OrganizationMemberAdded,
    "organization.member.added",
    "auth",
    organization_id
);

/// A member has another role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationMemberChanged {
    /// Where.
    pub organization_id: OrganizationId,
    /// The tenant's name, to show.
    pub organization_name: String,
    /// Who.
    pub user_id: UserId,
    /// As what, now.
    pub role: Role,
}
contract!(
    OrganizationMemberChanged,
    "organization.member.changed",
    "auth",
    organization_id
);

/// A person no longer belongs to a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationMemberRemoved {
    /// Where.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
}
contract!(
    OrganizationMemberRemoved,
    "organization.member.removed",
    "auth",
    organization_id
);

/// Somebody was invited into a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationInvitationCreated {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// Where to.
    pub organization_id: OrganizationId,
    /// The tenant's name, for the letter.
    pub organization_name: String,
    /// Which user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// As what.
    pub role: Role,
    /// The token of the link, sealed by KMS for the notifications group; with
    /// an address only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_token: Option<String>,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}
contract!(
    OrganizationInvitationCreated,
    "organization.invitation.created",
    "auth",
    invitation_id
);

/// Which letter about an account is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Letter {
    /// To prove that the address is theirs.
    VerifyEmail,
    /// To choose another password.
    ResetPassword,
    /// To the new address, to prove that it is theirs.
    ChangeEmail,
    /// To sign in by its link or by the code beside it.
    SignIn,
    /// The password was changed; there is nothing to press.
    PasswordChanged,
    /// The password was removed: it was chosen before the address was proved.
    PasswordRemoved,
    /// Another way to sign in was added; there is nothing to press.
    SignInAdded,
    /// To the old address: the account has another one now.
    EmailChanged,
    /// An authenticator app, a passkey or recovery codes came or went.
    SecondFactorsChanged,
    /// The account is deactivated and will be erased; its link undoes that until
    /// it ceases to work.
    DeletionRequested,
}

/// A letter about an account is to be sent at once, whatever the person
/// prefers. Never archived, never sent to webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthMailRequested {
    /// Whose account.
    pub user_id: UserId,
    /// Where to.
    pub email: String,
    /// Which letter.
    pub template: Letter,
    /// The token of the link, and behind a space the code to type if there is
    /// one, sealed by KMS for the notifications group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_token: Option<String>,
    /// When the link ceases to work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The operation that the letter is about: its id is the proof of a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
}
contract!(AuthMailRequested, "auth.mail.requested", "auth", user_id);
