//! What health answers look like: the fields of `application/health+json` as
//! far as they fit. Names are roles ("table", "queue"), never resources.

use serde::Serialize;
use utoipa::ToSchema;

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything works.
    Healthy,
    /// Requests are answered, but something needs attention.
    Degraded,
    /// Requests cannot be answered.
    Unhealthy,
}

/// Whether a dependency answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It answered in time.
    Up,
    /// It did not.
    Down,
}

/// Something that a group cannot work without.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// Its role: `access`, `table`, `queue`, `dead-letters`.
    pub name: String,
    /// Whether it answers.
    pub status: Standing,
    /// How long the answer took.
    pub response_time_ms: f64,
    /// What needs attention although it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<String>,
}

/// How a group is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupHealth {
    /// Healthy, degraded or unhealthy.
    pub status: Status,
    /// Its table.
    pub database: Standing,
    /// Everything that was checked for it.
    pub dependencies: Vec<Dependency>,
}

impl GroupHealth {
    /// A group works without its queues, but events wait then.
    pub fn of(dependencies: Vec<Dependency>) -> Self {
        let down = |name| {
            dependencies
                .iter()
                .any(|one: &Dependency| one.name == name && one.status == Standing::Down)
        };
        let database = if down("table") {
            Standing::Down
        } else {
            Standing::Up
        };
        let attention = dependencies
            .iter()
            .any(|one| one.status == Standing::Down || one.attention.is_some());
        let status = match (database, attention) {
            (Standing::Down, _) => Status::Unhealthy,
            (Standing::Up, true) => Status::Degraded,
            (Standing::Up, false) => Status::Healthy,
        };
        Self {
            status,
            database,
            dependencies,
        }
    }
}

/// What the answering instance has seen since it started.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Mean time to answer, in milliseconds.
    pub response_time: f64,
    /// Share of answers with a status of 500 or more, from 0 to 1.
    pub error_rate: f64,
    /// Requests a minute.
    pub throughput: f64,
}
