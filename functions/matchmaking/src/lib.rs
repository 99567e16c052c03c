//! Networking profiles, vectors of meaning, and who should meet whom.
//!
//! A person's profile and saved events become a card ([`model::card`]); at
//! every event that the person attends stands a badge with it. Matches are
//! ranked in process over all badges of an event ([`matcher`]), kept for a
//! while, and looked at again before they are shown.

pub mod matcher;
pub mod model;
pub mod problems;
pub mod routes;
pub mod store;
pub mod worker;

pub use problems::PROBLEMS;

use model::embedding::{AssetError, Embedder};
use shared::http::{Api, Core};
use shared::table::Table;
use utoipa::openapi::OpenApi;

/// The state of the routes and of the worker; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub store: store::Store,
    /// Ranks.
    pub matcher: matcher::Matcher,
}

impl App {
    /// Over the group's table.
    ///
    /// # Errors
    /// The bundled table of vectors is damaged.
    pub fn new(table: Table) -> Result<Self, AssetError> {
        let store = store::Store::new(table, Embedder::bundled()?);
        Ok(Self {
            matcher: matcher::Matcher::new(store.clone()),
            store,
        })
    }
}

/// The API of this group.
pub fn api(core: Core) -> Api<App> {
    Api::new(core).routes(routes::routes())
}

/// The description of the group's API, without anything behind it.
pub fn openapi() -> OpenApi {
    api(Core::detached("matchmaking")).describe()
}
