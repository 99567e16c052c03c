//! `GET /v1/health/{group}` (OB-01)

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{Path, Reply};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::health::reply;
use crate::app::App;
use crate::health::report::{Dependency, Standing, Status};

/// How one group is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceHealth {
    /// The group.
    service: String,
    /// Healthy, degraded or unhealthy.
    status: Status,
    /// The deployed version.
    version: String,
    /// When the checks ran.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// Its table.
    database: Standing,
    /// Everything that it depends on.
    dependencies: Vec<Dependency>,
}

/// The health of one group
#[utoipa::path(
    get, path = "/v1/health/{group}", operation_id = "getGroupHealth", tag = "platform", security(()),
    params(("group" = String, Path, description = "`auth`, `events`, …")),
    responses(
        (status = 200, description = "Healthy or degraded", body = ServiceHealth, content_type = "application/health+json"),
        (status = 404, description = "There is no such group"),
        (status = 503, description = "Unhealthy", body = ServiceHealth, content_type = "application/health+json"),
    ),
)]
pub(super) async fn read(
    State(app): State<App>,
    Path(group): Path<String>,
) -> Result<Reply, Problem> {
    let snapshot = app.monitor.snapshot().await;
    let health = snapshot
        .groups
        .get(&group)
        .ok_or_else(|| Problem::not_found("The group"))?;
    let mut dependencies = vec![snapshot.access.clone()];
    dependencies.extend(health.dependencies.iter().cloned());
    let status = match snapshot.access.status {
        Standing::Up => health.status,
        // Without it no request can be authenticated.
        Standing::Down => Status::Unhealthy,
    };
    reply(
        status,
        &ServiceHealth {
            service: group,
            status,
            version: app.deployment.version.clone(),
            timestamp: snapshot.time,
            database: health.database,
            dependencies,
        },
    )
}
