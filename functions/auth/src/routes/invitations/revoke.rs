//! `DELETE /v1/organizations/{organizationId}/invitations/{invitationId}`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Path, Reply},
    id::{InvitationId, OrganizationId},
    principal::{Permission, Principal},
    problem::{CONFLICT, Problem},
};

use crate::{
    model::{email::Email, organization::InvitationState},
    routes::organizations::Seat,
    state::App,
};

/// Withdraw an invitation
///
/// Its link ceases to work. Withdrawing it again changes nothing. Needs
/// `members.manage`.
#[utoipa::path(
    delete, path = "/v1/organizations/{organizationId}/invitations/{invitationId}",
    tag = "organizations", operation_id = "revokeInvitation",
    params(("organizationId" = OrganizationId, Path), ("invitationId" = InvitationId, Path)),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation or invitation"),
        (status = 409, description = "It was accepted: remove the member instead"),
    )
)]
pub async fn revoke(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, invitation)): Path<(OrganizationId, InvitationId)>,
) -> Result<Reply, Problem> {
    let seat = Seat::with(&app, &principal, id, Permission::MembersManage).await?;
    let invitation = app.store.invitation(id, invitation).await?;
    let invitation = invitation.ok_or_else(|| Problem::not_found("The invitation"))?;
    match invitation.state {
        InvitationState::Revoked => return Ok(Reply::no_content()),
        InvitationState::Accepted => {
            return Err(Problem::new(&CONFLICT)
                .detail("The invitation was accepted. Remove the member instead."));
        }
        InvitationState::Pending => {}
    }
    let address = Email::parse(&invitation.email.0).map_err(Problem::internal)?;
    app.store
        .revoke_invitation(&cx, &invitation, &address, seat.actor, Reply::no_content())
        .await
}
