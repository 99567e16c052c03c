//! Invitations into organisations.

pub mod accept;
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

use crate::model::organization::{Invitation, InvitationState};

/// An invitation as those who manage members see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    id: InvitationId,
    email: String,
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
    fn new(invitation: &Invitation, now: Timestamp) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email.0.clone(),
            role: invitation.role,
            state: invitation.state,
            expired: invitation.expires_at <= now,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}
