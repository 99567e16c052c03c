//! `GET /v1/meta/services` (GW-22)

use axum::extract::State;
use serde::Serialize;
use shared::http::Reply;
use shared::page::Listing;
use shared::problem::Problem;
use utoipa::ToSchema;

use crate::app::App;
use crate::health::report::Status;
use crate::model::DOMAINS;

/// A domain of this deployment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    /// The group's name.
    name: &'static str,
    /// What it does.
    description: &'static str,
    /// The deployed version.
    version: String,
    /// How it is; see its health for why.
    status: Status,
    /// The paths that it answers.
    prefixes: &'static [&'static str],
    /// Where its health is.
    health: String,
}

/// The domains, their versions and states
#[utoipa::path(
    get, path = "/v1/meta/services", operation_id = "listServices", tag = "platform", security(()),
    responses(
        (status = 200, description = "All domains of this deployment", body = Listing<Service>),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn list(State(app): State<App>) -> Result<Reply, Problem> {
    let snapshot = app.monitor.snapshot().await;
    let items = DOMAINS
        .iter()
        .filter_map(|domain| {
            Some(Service {
                name: domain.name,
                description: domain.description,
                version: app.deployment.version.clone(),
                status: snapshot.groups.get(domain.name)?.status,
                prefixes: domain.prefixes,
                health: format!("/v1/health/{}", domain.name),
            })
        })
        .collect();
    Reply::ok(&Listing {
        items,
        next_cursor: None,
    })
}
