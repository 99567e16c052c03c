//! What the routes share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use shared::clock::Clock;

use crate::audit::AuditStore;
use crate::health::Monitor;
use crate::health::report::Metrics;
use crate::operations::OperationStore;

/// The state of the routes; clones are the same.
#[derive(Debug, Clone)]
pub struct App {
    /// Checks.
    pub monitor: Monitor,
    /// The audit log.
    pub audit: AuditStore,
    /// The ledger of operations.
    pub operations: OperationStore,
    /// The time.
    pub clock: Clock,
    /// The deployment.
    pub deployment: Arc<Deployment>,
    /// When this instance began.
    pub started: Timestamp,
    pub(crate) description: Arc<OnceLock<String>>,
    traffic: Arc<Traffic>,
}

/// What the environment says of the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `local`, `dev`, `prod`.
    pub stage: String,
    /// The deployed version.
    pub version: String,
    /// Public base URL, without a trailing slash.
    pub public_url: String,
}

#[derive(Debug, Default)]
struct Traffic {
    requests: AtomicU64,
    errors: AtomicU64,
    micros: AtomicU64,
}

impl App {
    /// The state at cold start.
    pub fn new(
        monitor: Monitor,
        audit: AuditStore,
        operations: OperationStore,
        clock: Clock,
        deployment: Deployment,
    ) -> Self {
        Self {
            monitor,
            audit,
            operations,
            started: clock.now(),
            clock,
            deployment: Arc::new(deployment),
            description: Arc::default(),
            traffic: Arc::default(),
        }
    }

    /// Seconds since this instance began.
    pub fn uptime(&self) -> i64 {
        self.clock.now().duration_since(self.started).as_secs()
    }

    /// What this instance has seen.
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    pub fn metrics(&self) -> Metrics {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let requests = count(&self.traffic.requests);
        let each = |total: f64| {
            if requests > 0.0 {
                total / requests
            } else {
                0.0
            }
        };
        Metrics {
            response_time: each(count(&self.traffic.micros)) / 1_000.0,
            error_rate: each(count(&self.traffic.errors)),
            throughput: requests * 60.0 / (self.uptime().max(1) as f64),
        }
    }
}

/// Counts what goes through the router.
pub(crate) async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let response = next.run(request).await;
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    app.traffic.requests.fetch_add(1, Ordering::Relaxed);
    app.traffic.micros.fetch_add(micros, Ordering::Relaxed);
    if response.status().is_server_error() {
        app.traffic.errors.fetch_add(1, Ordering::Relaxed);
    }
    response
}
