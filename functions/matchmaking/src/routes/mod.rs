//! `/v1/matchmaking`: one file per endpoint.

pub mod get_matches;
pub mod get_matches_of;
pub mod get_profile;
pub mod get_run;
pub mod get_weights;
pub mod match_view;
pub mod put_profile;
pub mod put_weights;
pub mod start_run;

use axum::middleware::from_fn_with_state;
use shared::http::deprecated;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::problems::BUSY;
use crate::store::event_items::EventCopy;

/// Every route of the group. The aliases are marked as deprecated for the
/// description, and used here nevertheless.
#[allow(deprecated)]
pub fn routes() -> OpenApiRouter<App> {
    let aliases = |successor: &'static str| from_fn_with_state(successor, deprecated);
    let profile = OpenApiRouter::new()
        .routes(routes!(put_profile::post))
        .route_layer(aliases("/v1/matchmaking/profile"));
    let matches = OpenApiRouter::new()
        .routes(routes!(get_matches_of::get))
        .route_layer(aliases("/v1/matchmaking/matches"));
    OpenApiRouter::new()
        .routes(routes!(get_profile::get, put_profile::put))
        .routes(routes!(get_matches::get))
        .routes(routes!(start_run::post))
        .routes(routes!(get_run::get))
        .routes(routes!(get_weights::get, put_weights::put))
        .merge(profile)
        .merge(matches)
}

/// 403 unless the caller runs the event: who made it, or whose role in its
/// organisation allows changing events.
fn organises(principal: &Principal, event: &EventCopy) -> Result<(), Problem> {
    let allowed = match event.organization_id {
        Some(organization) => {
            principal.can(Permission::EventEdit, organization)
                || (event.created_by == principal.user_id
                    && principal.role_in(organization).is_some())
        }
        None => event.created_by == principal.user_id || principal.administers(),
    };
    if allowed {
        Ok(())
    } else {
        Err(principal.lacks(Problem::forbidden(
            "This is for the organisers of the event.",
        )))
    }
}

/// Whether the same request would find another state now.
fn lost_a_race(problem: &Problem) -> bool {
    *problem.kind() == BUSY
}
