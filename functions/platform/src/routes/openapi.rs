//! `GET /v1/openapi.json` (GW-18)

use axum::extract::State;
use serde_json::{Value, json};
use shared::http::Reply;
use shared::problem::Problem;

use crate::app::App;

/// All groups' interfaces in one document, written by `cargo xtask generate`.
const MERGED: &str = include_str!("../../assets/openapi.json");

/// Compact, and with the address of this deployment.
fn describe(public_url: &str) -> Result<String, serde_json::Error> {
    let mut document: Value = serde_json::from_str(MERGED)?;
    document["servers"] = json!([{ "url": public_url }]);
    serde_json::to_string(&document)
}

/// The description of the API
///
/// OpenAPI 3.1, for generators of clients and the page at `/v1/docs`.
#[utoipa::path(
    get, path = "/v1/openapi.json", operation_id = "getOpenApi", tag = "platform", security(()),
    responses(
        (status = 200, description = "The document", body = Object),
        (status = 304, description = "The ETag in `If-None-Match` is still right"),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn read(State(app): State<App>) -> Result<Reply, Problem> {
    let document = if let Some(document) = app.description.get() {
        document
    } else {
        let document = describe(&app.deployment.public_url).map_err(Problem::internal)?;
        app.description.get_or_init(|| document)
    };
    Ok(Reply::text("application/json", document.as_str())
        .hashed()
        .public(300))
}
