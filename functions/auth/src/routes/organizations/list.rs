//! `GET /v1/organizations`

use axum::extract::State;
use shared::{
    http::{Query, Reply},
    id::OrganizationId,
    page::{Binding, Listing, PageRequest, Paging},
    principal::Principal,
    problem::Problem,
};

use super::OrganizationView;
use crate::state::App;

/// List your organisations
#[utoipa::path(
    get, path = "/v1/organizations", tag = "organizations", operation_id = "listOrganizations",
    params(Paging),
    responses(
        (status = 200, description = "A page of organisations", body = Listing<OrganizationView>),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let user = principal.user_id;
    let binding = Binding::new("/v1/organizations").caller(user);
    let page = PageRequest::new(&paging, binding, 20, 100)?;
    let found = app.store.memberships(user, &page).await?;
    let ids: Vec<OrganizationId> = found
        .items
        .iter()
        .map(|place| place.organization_id)
        .collect();
    let organizations = app.store.organizations(&ids).await?;
    let items = organizations
        .iter()
        .map(|organization| {
            let place = found
                .items
                .iter()
                .find(|m| m.organization_id == organization.id);
            OrganizationView::new(organization, place.map(|place| place.role))
        })
        .collect();
    Reply::ok(&page.listing(items, found.next))
}
