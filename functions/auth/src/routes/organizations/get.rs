//! `GET /v1/organizations/{organizationId}`

use axum::extract::State;
use shared::{
    http::{Path, Reply},
    id::OrganizationId,
    principal::Principal,
    problem::Problem,
};

use super::{OrganizationView, Seat};
use crate::state::App;

/// Read an organisation
#[utoipa::path(
    get, path = "/v1/organizations/{organizationId}", tag = "organizations",
    operation_id = "getOrganization",
    params(("organizationId" = OrganizationId, Path)),
    responses(
        (status = 200, description = "The organisation", body = OrganizationView),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "It does not exist, or you are no member"),
    )
)]
pub async fn get(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrganizationId>,
) -> Result<Reply, Problem> {
    let seat = Seat::take(&app, &principal, id).await?;
    let view = OrganizationView::new(&seat.organization, seat.role);
    Ok(Reply::ok(&view)?.etag(seat.organization.version))
}
