//! `GET /v1/organizations/{organizationId}/invitations`

use axum::extract::State;
use shared::{
    http::{Path, Query, Reply},
    id::OrganizationId,
    page::{Binding, Listing, PageRequest, Paging},
    principal::{Permission, Principal},
    problem::Problem,
};

use super::InvitationView;
use crate::{routes::organizations::Seat, state::App};

/// List the invitations
///
/// open ones and those closed lately, the newest first. Needs `members.manage`.
#[utoipa::path(
    get, path = "/v1/organizations/{organizationId}/invitations", tag = "organizations",
    operation_id = "listInvitations",
    params(("organizationId" = OrganizationId, Path), Paging),
    responses(
        (status = 200, description = "A page of invitations", body = Listing<InvitationView>),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation, or you are no member"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrganizationId>,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    Seat::with(&app, &principal, id, Permission::MembersManage).await?;
    let binding = Binding::new("/v1/organizations/invitations")
        .caller(principal.user_id)
        .filter("of", id);
    let page = PageRequest::new(&paging, binding, 20, 100)?;
    let found = app.store.invitations(id, &page).await?;
    let now = app.clock.now();
    let items = found
        .items
        .iter()
        .map(|invitation| InvitationView::new(invitation, now))
        .collect();
    Reply::ok(&page.listing(items, found.next))
}
