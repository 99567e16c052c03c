//! `DELETE /v1/organizations/{organizationId}`

use axum::extract::State;
use serde::Serialize;
use shared::{
    commit::CommitError,
    cx::Context,
    http::{Path, Reply},
    id::{OrganizationId, UserId},
    principal::{Permission, Principal},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{
    model::organization::{Member, Organization},
    state::App,
    store::{RESERVE, Removal},
};

/// The organisation is hidden, but not everything of it is removed yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleting {
    /// Always `deleting`.
    #[schema(example = "deleting")]
    state: &'static str,
}

/// Delete an organisation
///
/// Needs `organization.delete`: owners have it, and must have proved themselves
/// in the last ten minutes. It is hidden at once. With very
/// many members the answer can be 202: the rest is removed in the background.
#[utoipa::path(
    delete, path = "/v1/organizations/{organizationId}", tag = "organizations",
    operation_id = "deleteOrganization",
    params(("organizationId" = OrganizationId, Path)),
    responses(
        (status = 202, description = "Hidden; the rest follows", body = Deleting),
        (status = 204, description = "Deleted"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `step-up-required`"),
        (status = 404, description = "It does not exist, or you are no member"),
        (status = 409, description = "Another owner is deleting it"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<OrganizationId>,
) -> Result<Reply, Problem> {
    let (organization, owner) = deletable(&app, &principal, id).await?;
    app.require_fresh(&principal).await?;
    app.store
        .begin_deletion(&cx, &organization, owner.user_id)
        .await?;
    match app.store.remove_hidden(&cx, id, RESERVE).await {
        Ok(Removal::Done) => Ok(Reply::no_content()),
        Ok(Removal::OutOfTime) => Reply::accepted(&Deleting { state: "deleting" }),
        Err(CommitError::Condition(conflict)) => meanwhile(&app, id, owner.user_id, conflict).await,
        Err(error) => Err(error.into()),
    }
}

/// The answer when somebody else removed something at the same moment: the
/// worker for this owner, or another owner.
async fn meanwhile(
    app: &App,
    id: OrganizationId,
    owner: UserId,
    conflict: Problem,
) -> Result<Reply, Problem> {
    match app.store.organization_in_any_state(id).await? {
        None => Ok(Reply::no_content()),
        Some(organization) if organization.deleted_by == Some(owner) => {
            Reply::accepted(&Deleting { state: "deleting" })
        }
        Some(_) => Err(conflict),
    }
}

/// The organisation in any state, and the caller's membership.
async fn deletable(
    app: &App,
    principal: &Principal,
    id: OrganizationId,
) -> Result<(Organization, Member), Problem> {
    let (organization, member) = futures::future::try_join(
        app.store.organization_in_any_state(id),
        app.store.member(id, principal.user_id),
    )
    .await?;
    let (organization, member) = organization
        .zip(member.filter(Member::is_active))
        .ok_or_else(|| Problem::not_found("The organization"))?;
    if member.role.permits(Permission::OrganizationDelete) {
        return Ok((organization, member));
    }
    Err(Problem::forbidden(
        "Only an owner can delete the organization.",
    ))
}
