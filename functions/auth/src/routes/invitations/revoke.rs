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
    model::invitation::{Invitation, InvitationState},
    routes::organizations::Seat,
    state::App,
};

/// Withdraw or decline an invitation
///
/// Its link ceases to work. Withdrawing it again changes nothing. Needs
/// `members.manage`. Whom it is for declines it so, by their user id. After that
/// there is a pause before the next.
#[utoipa::path(
    delete, path = "/v1/organizations/{organizationId}/invitations/{invitationId}",
    tag = "organizations", operation_id = "revokeInvitation",
    params(("organizationId" = OrganizationId, Path), ("invitationId" = InvitationId, Path)),
    responses(
        (status = 204, description = "Withdrawn or declined"),
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
    let found = app.store.invitation(id, invitation).await?;
    let own = |one: &Invitation| one.to.user() == Some(principal.user_id);
    let seat = match &found {
        Some(invitation) if own(invitation) => None,
        _ => Some(Seat::with(&app, &principal, id, Permission::MembersManage).await?),
    };
    let invitation = found.ok_or_else(|| Problem::not_found("The invitation"))?;
    match invitation.state {
        InvitationState::Revoked | InvitationState::Declined => return Ok(Reply::no_content()),
        InvitationState::Accepted => {
            return Err(Problem::new(&CONFLICT)
                .detail("The invitation was accepted. Remove the member instead."));
        }
        InvitationState::Pending => {}
    }
    let (store, reply) = (&app.store, Reply::no_content());
    match seat {
        Some(seat) => {
            store
                .revoke_invitation(&cx, &invitation, seat.actor, reply)
                .await
        }
        None => store.decline_invitation(&cx, &invitation, reply).await,
    }
}
