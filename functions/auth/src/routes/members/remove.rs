//! `DELETE /v1/organizations/{organizationId}/members/{userId}`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Path, Reply},
    id::{OrganizationId, UserId},
    principal::{Permission, Principal},
    problem::Problem,
};

use crate::{model::organization::Member, routes::organizations::Seat, state::App};

/// Remove a member
///
/// or leave: your own membership you can always end, unless you are the last
/// owner. Others need `members.manage`, and a role that is not below theirs.
#[utoipa::path(
    delete, path = "/v1/organizations/{organizationId}/members/{userId}", tag = "organizations",
    operation_id = "removeMember",
    params(("organizationId" = OrganizationId, Path), ("userId" = UserId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation or member"),
        (status = 409, description = "`last-owner`"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, user)): Path<(OrganizationId, UserId)>,
) -> Result<Reply, Problem> {
    let seat = Seat::take(&app, &principal, id).await?;
    if user != principal.user_id {
        seat.require(Permission::MembersManage)?;
    }
    let (account, member) =
        futures::future::try_join(app.store.account(user), app.store.member(id, user)).await?;
    let member = member
        .filter(Member::is_active)
        .ok_or_else(|| Problem::not_found("The member"))?;
    seat.require_reach(member.role)?;
    app.store
        .remove_member(
            &cx,
            &member,
            account.as_ref(),
            seat.actor,
            Reply::no_content(),
        )
        .await
}
