//! `GET /v1/auth/sessions`

use axum::extract::State;
use shared::{
    http::{Query, Reply},
    page::{Binding, Listing, PageRequest, Paging},
    principal::Principal,
    problem::Problem,
};

use super::SessionView;
use crate::state::App;

/// List your sessions
///
/// Where you are signed in, the newest first.
#[utoipa::path(
    get, path = "/v1/auth/sessions", tag = "auth", operation_id = "listSessions",
    params(Paging),
    responses(
        (status = 200, description = "A page of sessions", body = Listing<SessionView>),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let binding = Binding::new("/v1/auth/sessions").caller(principal.user_id);
    let page = PageRequest::new(&paging, binding, 20, 100)?;
    let found = app.store.sessions(principal.user_id, &page).await?;
    let items = found
        .items
        .iter()
        .map(|session| SessionView::of(session, principal.session_id))
        .collect();
    Reply::ok(&page.listing(items, found.next))
}
