//! `POST /v1/organizations/{organizationId}/members`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Path, Reply},
    id::{InvitationId, OrganizationId, UserId},
    principal::{Permission, Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{
    model::{
        invitation::{Invitation, Invitee},
        organization::Member,
    },
    problems::ALREADY_MEMBER,
    routes::{invitations::InvitationView, organizations::Seat},
    state::App,
};

/// Whom to add, as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddMember {
    user_id: UserId,
    role: Role,
}

/// Ask somebody to be a member
///
/// by user id; by address, use an invitation. They are told, and belong to the
/// organisation when they accept; until then it learns no name and no address.
/// Needs `members.manage`, and a role that is not below the new member's; to
/// offer `owner` or `admin`, a proof in the last ten minutes.
#[utoipa::path(
    post, path = "/v1/organizations/{organizationId}/members", tag = "organizations",
    operation_id = "addMember",
    params(("organizationId" = OrganizationId, Path)),
    request_body = AddMember,
    responses(
        (status = 201, description = "They are asked", body = InvitationView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `step-up-required`"),
        (status = 404, description = "No such organisation or user"),
        (status = 409, description = "`already-member`, `already-invited`"),
        (status = 429, description = "`quota-exceeded`, `too-many-invitations`"),
    )
)]
pub async fn add(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<OrganizationId>,
    Json(body): Json<AddMember>,
) -> Result<Reply, Problem> {
    let seat = Seat::with(&app, &principal, id, Permission::MembersManage).await?;
    seat.require_reach(body.role)?;
    app.require_fresh_to_grant(&principal, body.role).await?;
    let (account, member) = futures::future::try_join(
        app.store.account(body.user_id),
        app.store.member(id, body.user_id),
    )
    .await?;
    account.ok_or_else(|| Problem::not_found("The user"))?;
    if member.as_ref().is_some_and(Member::is_active) {
        return Err(Problem::new(&ALREADY_MEMBER));
    }
    let to = Invitee::User {
        user_id: body.user_id,
    };
    let (new, now) = (InvitationId::new(), app.clock.now());
    let invitation = Invitation::new(new, id, to, body.role, principal.user_id, now);
    let location = format!("/v1/organizations/{id}/invitations/{}", invitation.id);
    let reply = Reply::created(&InvitationView::new(&invitation, now), &location)?;
    let organization = &seat.organization;
    app.store
        .invite(&cx, organization, &invitation, None, seat.actor, reply)
        .await
}
