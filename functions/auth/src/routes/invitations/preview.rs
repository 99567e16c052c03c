//! `GET /v1/invitations/{token}`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    http::{Path, Reply},
    id::OrganizationId,
    principal::Role,
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{
    model::{
        invitation::{Invitation, InvitationState},
        organization::Organization,
        token::InvitationToken,
    },
    problems::INVITATION_GONE,
    state::App,
};

/// An invitation as the invited see it before they accept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationPreview {
    organization_id: OrganizationId,
    organization_name: String,
    /// The address that it was sent to; only its account can accept.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    role: Role,
    state: InvitationState,
    /// Whether its time is over.
    expired: bool,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl InvitationPreview {
    pub(super) fn new(invitation: &Invitation, organization: Organization, now: Timestamp) -> Self {
        Self {
            organization_id: organization.id,
            organization_name: organization.name,
            email: invitation.to.email().map(str::to_owned),
            role: invitation.role,
            state: invitation.state,
            expired: invitation.expires_at <= now,
            expires_at: invitation.expires_at,
        }
    }
}

/// Look at an invitation
///
/// with the token of the mail; the link in the mail leads here or to your app.
/// Looking accepts nothing.
#[utoipa::path(
    get, path = "/v1/invitations/{token}", tag = "organizations",
    operation_id = "getInvitation",
    security(()),
    params(("token" = String, Path)),
    responses(
        (status = 200, description = "The invitation", body = InvitationPreview),
        (status = 404, description = "No such invitation"),
        (status = 410, description = "`invitation-gone`"),
    )
)]
pub async fn preview(State(app): State<App>, Path(token): Path<String>) -> Result<Reply, Problem> {
    let unknown = || Problem::not_found("The invitation");
    let token = InvitationToken::parse(&token).ok_or_else(unknown)?;
    let id = token.organization();
    let (invitation, organization) = futures::future::try_join(
        app.store.invitation(id, token.invitation()),
        app.store.organization(id),
    )
    .await?;
    let invitation = invitation
        .filter(|invitation| invitation.to.opens(&token.fingerprint()))
        .ok_or_else(unknown)?;
    let organization = organization.ok_or_else(|| Problem::new(&INVITATION_GONE))?;
    let now = app.clock.now();
    Reply::ok(&InvitationPreview::new(&invitation, organization, now))
}
