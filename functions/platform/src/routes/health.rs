//! `GET /v1/health` (OB-01, OB-02, GW-19)

use std::collections::BTreeMap;

use axum::extract::State;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use jiff::Timestamp;
use serde::Serialize;
use shared::http::Reply;
use shared::problem::Problem;
use utoipa::ToSchema;

use crate::app::App;
use crate::health::report::{Dependency, GroupHealth, Metrics, Standing, Status};

/// How the whole is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    /// Always `plenary`.
    service: &'static str,
    /// The whole.
    status: Status,
    /// The deployed version.
    version: String,
    /// Seconds since the answering instance began.
    uptime: i64,
    /// When the checks ran; they are repeated after five seconds.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// All tables together.
    database: Standing,
    /// What every group depends on.
    dependencies: Vec<Dependency>,
    /// What the answering instance has seen since it began.
    metrics: Metrics,
    /// Each group.
    groups: BTreeMap<String, GroupHealth>,
}

/// A health document with the status that goes with it: 503 says to stop
/// sending requests.
pub(super) fn reply<T: Serialize>(status: Status, body: &T) -> Result<Reply, Problem> {
    let code = match status {
        Status::Healthy | Status::Degraded => StatusCode::OK,
        Status::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok(Reply::ok(body)?
        .with_status(code)
        .header(CONTENT_TYPE, "application/health+json")
        .header(CACHE_CONTROL, "no-store"))
}

/// The health of the system
///
/// Every group's table and queues are asked, all at once and for two seconds
/// at most. `degraded` means that requests are answered and something needs
/// attention: a group is in trouble, a queue does not answer, messages pile
/// up, or dead letters wait.
#[utoipa::path(
    get, path = "/v1/health", operation_id = "getHealth", tag = "platform", security(()),
    responses(
        (status = 200, description = "Healthy or degraded", body = Health, content_type = "application/health+json"),
        (status = 503, description = "Unhealthy", body = Health, content_type = "application/health+json"),
    ),
)]
pub(super) async fn read(State(app): State<App>) -> Result<Reply, Problem> {
    let snapshot = app.monitor.snapshot().await;
    let status = snapshot.status();
    reply(
        status,
        &Health {
            service: "plenary",
            status,
            version: app.deployment.version.clone(),
            uptime: app.uptime(),
            timestamp: snapshot.time,
            database: snapshot.database(),
            dependencies: vec![snapshot.access.clone()],
            metrics: app.metrics(),
            groups: snapshot.groups.clone(),
        },
    )
}
