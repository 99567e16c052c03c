//! `GET /v1/organizations/{organizationId}/members`

use axum::extract::State;
use shared::{
    http::{Path, Query, Reply},
    id::{OrganizationId, UserId},
    page::{Binding, Listing, PageRequest, Paging},
    principal::{Permission, Principal},
    problem::Problem,
};

use super::MemberView;
use crate::{routes::organizations::Seat, state::App};

/// List the members
///
/// Needs `members.view`; addresses are shown with `members.manage`.
#[utoipa::path(
    get, path = "/v1/organizations/{organizationId}/members", tag = "organizations",
    operation_id = "listMembers",
    params(("organizationId" = OrganizationId, Path), Paging),
    responses(
        (status = 200, description = "A page of members", body = Listing<MemberView>),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "No such organisation, or you are no member"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrganizationId>,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let seat = Seat::with(&app, &principal, id, Permission::MembersView).await?;
    let binding = Binding::new("/v1/organizations/members")
        .caller(principal.user_id)
        .filter("of", id);
    let page = PageRequest::new(&paging, binding, 50, 100)?;
    let found = app.store.members(id, &page).await?;
    let ids: Vec<UserId> = found.items.iter().map(|member| member.user_id).collect();
    let accounts = app.store.accounts(&ids).await?;
    let with_email = seat.require(Permission::MembersManage).is_ok();
    let items = found
        .items
        .iter()
        .map(|member| {
            let account = accounts.iter().find(|account| account.id == member.user_id);
            MemberView::new(member, account, with_email)
        })
        .collect();
    Reply::ok(&page.listing(items, found.next))
}
