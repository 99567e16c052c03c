//! `GET /v1/auth/identities`

use axum::extract::State;
use shared::{http::Reply, page::Listing, principal::Principal, problem::Problem};

use super::IdentityView;
use crate::state::App;

/// List the providers that you can sign in with
///
/// One identity for each provider at most, so it is always one page.
#[utoipa::path(
    get, path = "/v1/auth/identities", tag = "auth", operation_id = "listIdentities",
    responses((status = 200, description = "All of them", body = Listing<IdentityView>))
)]
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let identities = app.store.identities(principal.user_id).await?;
    Reply::ok(&Listing {
        items: identities.iter().map(IdentityView::from).collect(),
        next_cursor: None,
    })
}
