//! `POST /v1/organizations/{organizationId}/members`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Path, Reply},
    id::{OrganizationId, UserId},
    principal::{Permission, Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use super::MemberView;
use crate::{
    model::organization::Member, problems::ALREADY_MEMBER, routes::organizations::Seat, state::App,
};

/// Whom to add, as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddMember {
    user_id: UserId,
    role: Role,
}

/// Add a member
///
/// by user id; by address, use an invitation. Needs `members.manage`, and a
/// role that is not below the new member's.
#[utoipa::path(
    post, path = "/v1/organizations/{organizationId}/members", tag = "organizations",
    operation_id = "addMember",
    params(("organizationId" = OrganizationId, Path)),
    request_body = AddMember,
    responses(
        (status = 201, description = "Added", body = MemberView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation or user"),
        (status = 409, description = "`already-member`, `too-many-organizations`"),
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
    let (account, before) = futures::future::try_join(
        app.store.account(body.user_id),
        app.store.member(id, body.user_id),
    )
    .await?;
    let account = account.ok_or_else(|| Problem::not_found("The user"))?;
    if before.as_ref().is_some_and(Member::is_active) {
        return Err(Problem::new(&ALREADY_MEMBER));
    }
    let member = Member::begin(
        id,
        body.user_id,
        body.role,
        app.clock.now(),
        before.as_ref(),
    );
    let location = format!("/v1/organizations/{id}/members/{}", body.user_id);
    let reply = Reply::created(&MemberView::new(&member, Some(&account), true), &location)?;
    app.store
        .add_member(
            &cx,
            &seat.organization,
            &member,
            &account,
            seat.actor,
            reply,
        )
        .await
}
