//! The notifications group: what other groups publish becomes entries of
//! people's inboxes and e-mails, as each person prefers.
//!
//! `notifications-worker` consumes events; one commit per event holds the
//! entries, the counts, the e-mails to send and the events that say so, and
//! only then are the e-mails sent ([`postman`]). `notifications-api` serves
//! inbox and preferences.

pub mod mime;
pub mod model;
pub mod outgoing;
pub mod postman;
pub mod problems;
pub mod routes;
pub mod store;
pub mod templates;
pub mod worker;

use shared::http::{Api, Core};
use utoipa::openapi::OpenApi;

pub use problems::PROBLEMS;
pub use routes::App;
pub use worker::Worker;

/// The group's HTTP interface.
pub fn api(core: Core) -> Api<App> {
    Api::new(core).routes(routes::all())
}

/// The description of the group's API, without anything behind it.
pub fn openapi() -> OpenApi {
    api(Core::detached("notifications")).describe()
}
