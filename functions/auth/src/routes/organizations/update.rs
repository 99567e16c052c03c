//! `PATCH /v1/organizations/{organizationId}`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{IfMatch, MergePatch, Path, Reply},
    id::OrganizationId,
    principal::{Permission, Principal},
    problem::Problem,
};

use super::{OrganizationView, Profile, Seat};
use crate::{model::organization::Organization, state::App};

/// Change an organisation
///
/// Needs `organization.manage` and `If-Match`.
#[utoipa::path(
    patch, path = "/v1/organizations/{organizationId}", tag = "organizations",
    operation_id = "updateOrganization",
    params(
        ("organizationId" = OrganizationId, Path),
        ("If-Match" = String, Header, description = "The ETag that you read"),
    ),
    request_body(
        content = Profile, content_type = "application/merge-patch+json",
        description = "The members to change",
    ),
    responses(
        (status = 200, description = "Changed", body = OrganizationView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "It does not exist, or you are no member"),
        (status = 409, description = "`slug-taken`"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    )
)]
pub async fn update(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<OrganizationId>,
    if_match: IfMatch,
    patch: MergePatch<Profile>,
) -> Result<Reply, Problem> {
    let seat = Seat::with(&app, &principal, id, Permission::OrganizationManage).await?;
    let before = seat.organization;
    if_match.require(before.version)?;
    let current = Profile {
        name: before.name.clone(),
        slug: before.slug.clone(),
        event_approval: before.event_approval,
    };
    let wanted = patch.apply(&current)?.checked()?;
    if wanted == current {
        let view = OrganizationView::new(&before, seat.role);
        return Ok(Reply::ok(&view)?.etag(before.version));
    }
    let after = Organization {
        name: wanted.name,
        slug: wanted.slug,
        event_approval: wanted.event_approval,
        ..before.clone()
    };
    let view = OrganizationView::new(&after, seat.role);
    let reply = Reply::ok(&view)?.etag(after.version + 1);
    app.store
        .update_organization(&cx, &before, &after, seat.actor, reply)
        .await
}
