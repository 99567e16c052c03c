//! The endpoints, one file each.

mod audit_log;
mod docs;
mod event_schema;
mod events;
mod health;
mod health_group;
mod live;
mod meta;
mod openapi;
mod operations;
mod problem;
mod problems;
mod ready;
mod services;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// What load balancers and monitors call: it depends on no rate limit.
pub fn probes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::read))
        .routes(routes!(live::read))
        .routes(routes!(ready::read))
        .routes(routes!(health_group::read))
}

/// The audit log.
pub fn audit() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(audit_log::list::list))
        .routes(routes!(audit_log::export::export))
}

/// The ledger of operations.
pub fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(operations::list::list))
        .routes(routes!(operations::get::get))
}

/// What describes the API.
pub fn documents() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(openapi::read))
        .routes(routes!(docs::page))
        .route("/v1/docs/app.js", get(docs::script))
        .route("/v1/docs/app.css", get(docs::style))
        .routes(routes!(problems::list))
        .routes(routes!(problem::read))
        .routes(routes!(meta::read))
        .routes(routes!(services::list))
        .routes(routes!(events::list))
        .routes(routes!(event_schema::read))
}
