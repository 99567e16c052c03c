//! `GET /v1/health/ready` (OB-03)

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::Reply;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::health::reply;
use crate::app::App;
use crate::health::report::Status;

/// Whether requests can be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// The whole; `unhealthy` is not ready.
    status: Status,
    /// When the checks ran.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
}

/// Whether requests can be answered
#[utoipa::path(
    get, path = "/v1/health/ready", operation_id = "getReadiness", tag = "platform", security(()),
    responses(
        (status = 200, description = "Ready", body = Readiness, content_type = "application/health+json"),
        (status = 503, description = "Not ready", body = Readiness, content_type = "application/health+json"),
    ),
)]
pub(super) async fn read(State(app): State<App>) -> Result<Reply, Problem> {
    let snapshot = app.monitor.snapshot().await;
    let status = snapshot.status();
    reply(
        status,
        &Readiness {
            status,
            timestamp: snapshot.time,
        },
    )
}
