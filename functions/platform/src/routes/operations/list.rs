//! `GET /v1/operations`

use axum::extract::State;
use shared::http::{Query, Reply};
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;

use super::OperationView;
use crate::app::App;

/// List your operations
///
/// The newest first, without links: `GET /v1/operations/{operationId}` has them.
/// Exports and deletions that were cancelled are forgotten after 90 days.
#[utoipa::path(
    get, path = "/v1/operations", operation_id = "listOperations", tag = "platform",
    params(Paging),
    responses((status = 200, description = "A page of operations", body = Listing<OperationView>)),
    security(("bearer" = [])),
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let binding = Binding::new("/v1/operations").caller(principal.user_id);
    let page = PageRequest::new(&paging, binding, 20, 100)?;
    let found = app.operations.of(principal.user_id, &page).await?;
    let items = found.items.iter().filter_map(OperationView::of).collect();
    Reply::ok(&page.listing(items, found.next))
}
