//! `GET /v1/health/live` (OB-03)

use axum::extract::State;
use serde::Serialize;
use shared::http::Reply;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::health::reply;
use crate::app::App;
use crate::health::report::Status;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Liveness {
    /// Always `healthy`.
    status: Status,
    /// Seconds since the answering instance began.
    uptime: i64,
}

/// Whether the API answers at all
///
/// Nothing is checked: an answer is the answer.
#[utoipa::path(
    get, path = "/v1/health/live", operation_id = "getLiveness", tag = "platform", security(()),
    responses((status = 200, description = "It answers", body = Liveness, content_type = "application/health+json")),
)]
pub(super) async fn read(State(app): State<App>) -> Result<Reply, Problem> {
    let uptime = app.uptime();
    reply(
        Status::Healthy,
        &Liveness {
            status: Status::Healthy,
            uptime,
        },
    )
}
