//! `GET /v1/auth/passkeys`

use axum::extract::State;
use serde::Serialize;
use shared::{http::Reply, principal::Principal, problem::Problem};
use utoipa::ToSchema;

use super::PasskeyView;
use crate::state::App;

/// All of them: there are twenty at most.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Passkeys {
    items: Vec<PasskeyView>,
    /// Always `null`.
    next_cursor: Option<String>,
}

/// List your passkeys
///
/// the oldest first.
#[utoipa::path(
    get, path = "/v1/auth/passkeys", tag = "auth", operation_id = "listPasskeys",
    responses(
        (status = 200, description = "All of them", body = Passkeys),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let passkeys = app.store.passkeys(principal.user_id).await?;
    Reply::ok(&Passkeys {
        items: passkeys.iter().map(PasskeyView::from).collect(),
        next_cursor: None,
    })
}
