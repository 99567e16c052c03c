//! `POST /v1/organizations`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Json, Reply},
    id::OrganizationId,
    principal::{Principal, Role},
    problem::Problem,
};

use super::{OrganizationView, Profile};
use crate::{
    model::organization::{Member, Organization, OrganizationState},
    state::App,
};

/// Create an organisation
///
/// You become its owner.
#[utoipa::path(
    post, path = "/v1/organizations", tag = "organizations", operation_id = "createOrganization",
    request_body = Profile,
    responses(
        (status = 201, description = "Created", body = OrganizationView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 409, description = "`slug-taken`, `too-many-organizations`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(profile): Json<Profile>,
) -> Result<Reply, Problem> {
    let profile = profile.checked()?;
    let user = principal.user_id;
    let account = app.store.account(user).await?;
    let account = account.ok_or_else(|| Problem::not_found("The account"))?;
    let now = app.clock.now();
    let organization = Organization {
        id: OrganizationId::new(),
        // What the commit makes it.
        version: 1,
        name: profile.name,
        slug: profile.slug,
        event_approval: profile.event_approval,
        state: OrganizationState::Active,
        deleted_by: None,
        created_by: user,
        created_at: now,
    };
    let owner = Member::begin(organization.id, user, Role::Owner, now, None);
    let view = OrganizationView::new(&organization, Some(Role::Owner));
    let location = format!("/v1/organizations/{}", organization.id);
    let reply = Reply::created(&view, &location)?.etag(organization.version);
    app.store
        .create_organization(&cx, &organization, &owner, &account, reply)
        .await
}
