//! Accounts, sessions, tokens, organisations and roles.
//!
//! [`api`] is a function of its state; the binary only wires it up. What the
//! other groups need of this one, public keys, revoked sessions and roles, is
//! written to the table `access` within this group's own commits.

pub mod federation;
pub mod grant;
pub mod keyring;
pub mod leaving;
pub mod letters;
pub mod model;
pub mod passkeys;
pub mod problems;
pub mod providers;
pub mod recovery;
pub mod relying_party;
pub mod routes;
pub mod sealer;
pub mod second_factor;
pub mod state;
pub mod step_up;
pub mod store;
pub mod worker;

pub use problems::PROBLEMS;
pub use state::{App, Settings};

use axum::Extension;
use shared::http::{Api, Core};
use utoipa::openapi::OpenApi;

/// The API of this group.
pub fn api(core: Core) -> Api<App> {
    let usage = Extension(core.limiter.clone());
    Api::new(core)
        .routes(routes::ordinary().layer(usage.clone()))
        .credential_routes(routes::credentials().layer(usage), routes::account_of)
        .token_routes(routes::tokens(), routes::token_of)
}

/// The description of the group's API, without anything behind it.
pub fn openapi() -> OpenApi {
    api(Core::detached("auth")).describe()
}
