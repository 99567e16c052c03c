//! `PATCH /v1/organizations/{organizationId}/members/{userId}`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::{MergePatch, Path, Reply},
    id::{OrganizationId, UserId},
    principal::{Permission, Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use super::MemberView;
use crate::{model::organization::Member, routes::organizations::Seat, state::App};

/// What can be changed about a membership.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberChange {
    role: Role,
}

/// Change a member's role
///
/// Needs `members.manage`, and a role that is below neither the old nor the
/// new one; to give `owner` or `admin`, a proof in the last ten minutes. The
/// last owner stays one.
#[utoipa::path(
    patch, path = "/v1/organizations/{organizationId}/members/{userId}", tag = "organizations",
    operation_id = "changeMember",
    params(("organizationId" = OrganizationId, Path), ("userId" = UserId, Path)),
    request_body(content = MemberChange, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Changed", body = MemberView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `step-up-required`"),
        (status = 404, description = "No such organisation or member"),
        (status = 409, description = "`last-owner`, `conflict`"),
    )
)]
pub async fn change(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, user)): Path<(OrganizationId, UserId)>,
    patch: MergePatch<MemberChange>,
) -> Result<Reply, Problem> {
    let seat = Seat::with(&app, &principal, id, Permission::MembersManage).await?;
    let (account, before) =
        futures::future::try_join(app.store.account(user), app.store.member(id, user)).await?;
    let before = before
        .filter(Member::is_active)
        .ok_or_else(|| Problem::not_found("The member"))?;
    let wanted = patch.apply(&MemberChange { role: before.role })?;
    seat.require_reach(before.role)?;
    seat.require_reach(wanted.role)?;
    if wanted.role != before.role {
        app.require_fresh_to_grant(&principal, wanted.role).await?;
    }
    let after = before.with_role(wanted.role, app.clock.now());
    let reply = Reply::ok(&MemberView::new(&after, account.as_ref(), true))?;
    if after.role == before.role {
        return Ok(reply);
    }
    app.store
        .change_member(&cx, &seat.organization, &before, &after, seat.actor, reply)
        .await
}
