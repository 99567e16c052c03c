//! The platform group: what concerns the system as a whole.
//!
//! `platform-api` answers health, the API's description, the problem types and
//! the catalogue of events, and whatever no group owns. `relay` publishes what
//! the groups committed ([`relay`]).

pub mod app;
pub mod health;
pub mod model;
pub mod problems;
pub mod relay;
pub mod routes;

use axum::Router;
use shared::http::{Api, Core};
use utoipa::openapi::OpenApi;

pub use app::App;
pub use problems::PROBLEMS;

/// The HTTP interface with all its layers.
pub fn router(core: Core, app: App) -> Router {
    let measured = axum::middleware::from_fn_with_state(app.clone(), app::measure);
    let (router, _) = Api::new(core)
        .unlimited_routes(routes::probes().with_state(app.clone()))
        .routes(routes::documents().with_state(app))
        .build();
    router.layer(measured)
}

/// The group's own description, without what other groups add.
pub fn openapi() -> OpenApi {
    let (_, openapi) = routes::probes()
        .merge(routes::documents())
        .split_for_parts();
    openapi
}
