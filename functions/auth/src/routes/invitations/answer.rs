//! `…/organizations/{organizationId}/invitations/{invitationId}` for the user
//! whom the invitation is for.

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Path, Reply},
    id::{InvitationId, OrganizationId, UserId},
    principal::Principal,
    problem::Problem,
};

use super::{accept::join, preview::InvitationPreview};
use crate::{
    model::invitation::Invitation, problems::INVITATION_GONE,
    routes::organizations::OrganizationView, state::App,
};

/// Look at an invitation that is for you
///
/// by your user id. One that was mailed is seen with the token of the mail.
#[utoipa::path(
    get, path = "/v1/organizations/{organizationId}/invitations/{invitationId}",
    tag = "organizations", operation_id = "getOwnInvitation",
    params(("organizationId" = OrganizationId, Path), ("invitationId" = InvitationId, Path)),
    responses(
        (status = 200, description = "The invitation", body = InvitationPreview),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "None of that id is for you"),
        (status = 410, description = "`invitation-gone`"),
    )
)]
pub async fn show(
    State(app): State<App>,
    principal: Principal,
    Path((id, invitation)): Path<(OrganizationId, InvitationId)>,
) -> Result<Reply, Problem> {
    let (invitation, organization) =
        futures::future::try_join(own(&app, principal.user_id, id, invitation), async {
            Ok(app.store.organization(id).await?)
        })
        .await?;
    let organization = organization.ok_or_else(|| Problem::new(&INVITATION_GONE))?;
    let now = app.clock.now();
    Reply::ok(&InvitationPreview::new(&invitation, organization, now))
}

/// Accept an invitation that is for you
///
/// by your user id; you are told of it in the inbox. Accepting it again as the
/// same member answers the same.
#[utoipa::path(
    post, path = "/v1/organizations/{organizationId}/invitations/{invitationId}/accept",
    tag = "organizations", operation_id = "acceptOwnInvitation",
    params(("organizationId" = OrganizationId, Path), ("invitationId" = InvitationId, Path)),
    responses(
        (status = 200, description = "You are a member", body = OrganizationView),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "None of that id is for you"),
        (status = 409, description = "`already-member`, `too-many-organizations`"),
        (status = 410, description = "`invitation-gone`"),
    )
)]
pub async fn accept(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, invitation)): Path<(OrganizationId, InvitationId)>,
) -> Result<Reply, Problem> {
    let invitation = own(&app, principal.user_id, id, invitation).await?;
    join(&app, &cx, &principal, &invitation).await
}

/// # Errors
/// 404 for what is for somebody else, and for what was mailed.
async fn own(
    app: &App,
    user: UserId,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<Invitation, Problem> {
    let found = app.store.invitation(organization, id).await?;
    found
        .filter(|invitation| invitation.to.user() == Some(user))
        .ok_or_else(|| Problem::not_found("The invitation"))
}
