//! `GET /.well-known/jwks.json`

use axum::extract::State;
use serde::Serialize;
use shared::{cx::Context, http::Reply, problem::Problem, token::Jwk};
use utoipa::ToSchema;

use crate::state::App;

/// How long a relying party may keep the keys, in seconds.
const KEPT: u32 = 300;

/// A JSON Web Key Set (RFC 7517 §5).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

/// The keys that access tokens are signed with
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "discovery", operation_id = "getJwks",
    security(()),
    responses((status = 200, description = "The key set", body = KeySet))
)]
pub async fn jwks(State(app): State<App>, cx: Context) -> Result<Reply, Problem> {
    let mut keys = app.access.keys().await?;
    if keys.is_empty() {
        // Whoever asks before the first sign-in must not keep an empty set.
        app.keyring.signer(&cx).await?;
        keys = app.access.keys().await?;
    }
    let keys = keys.iter().map(Jwk::from).collect();
    Ok(Reply::ok(&KeySet { keys })?.hashed().public(KEPT))
}
