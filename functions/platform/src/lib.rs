//! The platform group: what concerns the system as a whole.
//!
//! `platform-api` answers health, the API's description, the problem types and
//! the catalogue of events, and whatever no group owns. `relay` publishes what
//! the groups committed ([`relay`]). `platform-worker` writes the audit log
//! ([`audit`]) and the ledger of operations ([`operations`]).

pub mod app;
pub mod audit;
pub mod health;
pub mod model;
pub mod operations;
pub mod problems;
pub mod relay;
pub mod routes;
pub mod worker;

use axum::Router;
use shared::http::{Api, Core};
use utoipa::openapi::OpenApi;

pub use app::App;
pub use problems::PROBLEMS;

/// The HTTP interface.
pub fn api(core: Core) -> Api<App> {
    Api::new(core)
        .unlimited_routes(routes::probes())
        .routes(routes::documents())
        .routes(routes::audit())
        .routes(routes::operations())
}

/// The HTTP interface with all its layers, its traffic counted.
pub fn router(core: Core, app: App) -> Router {
    let measured = axum::middleware::from_fn_with_state(app.clone(), app::measure);
    api(core).build(app).layer(measured)
}

/// The group's own description, without what other groups add.
pub fn openapi() -> OpenApi {
    api(Core::detached("platform")).describe()
}
