//! `GET /v1/meta`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::Reply;
use shared::problem::Problem;
use utoipa::ToSchema;

use crate::app::App;

/// The deployment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    /// Always `plenary`.
    service: &'static str,
    /// `local`, `dev`, `prod`.
    stage: String,
    /// The deployed version.
    version: String,
    /// The version of the interface: the first part of every path.
    api_version: &'static str,
    /// The server's time.
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
}

/// What is deployed here
#[utoipa::path(
    get, path = "/v1/meta", operation_id = "getMeta", tag = "platform", security(()),
    responses(
        (status = 200, description = "The deployment", body = Meta),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn read(State(app): State<App>) -> Result<Reply, Problem> {
    Reply::ok(&Meta {
        service: "plenary",
        stage: app.deployment.stage.clone(),
        version: app.deployment.version.clone(),
        api_version: "v1",
        time: app.clock.now(),
    })
}
