//! Invitations into organisations.

pub mod accept;
pub mod answer;
pub mod create;
pub mod list;
pub mod preview;
pub mod revoke;

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    id::{InvitationId, UserId},
    principal::Role,
};
use utoipa::ToSchema;

use crate::model::invitation::{Invitation, InvitationState};

/// An invitation as those who manage members see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    id: InvitationId,
    /// The address that it was sent to, if it is for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The user whom it is for, if it is for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    role: Role,
    state: InvitationState,
    /// Whether its time is over.
    expired: bool,
    invited_by: UserId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl InvitationView {
    pub(super) fn new(invitation: &Invitation, now: Timestamp) -> Self {
        Self {
            id: invitation.id,
            email: invitation.to.email().map(str::to_owned),
            user_id: invitation.to.user(),
            role: invitation.role,
            state: invitation.state,
            expired: invitation.expires_at <= now,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}
