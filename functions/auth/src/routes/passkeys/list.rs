//! `GET /v1/auth/passkeys`

use axum::extract::State;
use shared::{http::Reply, page::Listing, principal::Principal, problem::Problem};

use super::PasskeyView;
use crate::state::App;

/// List your passkeys
///
/// the oldest first. There are twenty at most, so it is always one page.
#[utoipa::path(
    get, path = "/v1/auth/passkeys", tag = "auth", operation_id = "listPasskeys",
    responses(
        (status = 200, description = "All of them", body = Listing<PasskeyView>),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let passkeys = app.store.passkeys(principal.user_id).await?;
    Reply::ok(&Listing {
        items: passkeys.iter().map(PasskeyView::from).collect(),
        next_cursor: None,
    })
}
