//! The endpoints, one file each.

pub mod list;
pub mod mark_all_read;
pub mod one;
pub mod preferences;
pub mod read;
pub mod remove;
pub mod unread;
pub mod unread_count;
pub mod unsubscribe;
pub mod view;

use shared::clock::Clock;
use shared::table::Table;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::store::Store;

/// The tag of every endpoint here.
pub const TAG: &str = "notifications";

/// What every handler has.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub store: Store,
    /// The time.
    pub clock: Clock,
}

impl App {
    /// Over the group's table.
    pub fn new(table: Table) -> Self {
        Self {
            clock: table.clock().clone(),
            store: Store::new(table),
        }
    }
}

/// All endpoints.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(one::one, remove::remove))
        .routes(routes!(read::read))
        .routes(routes!(unread::unread))
        .routes(routes!(mark_all_read::mark_all_read))
        .routes(routes!(unread_count::unread_count))
        .routes(routes!(
            preferences::get::get,
            preferences::put::put,
            preferences::patch::patch
        ))
        .routes(routes!(unsubscribe::page::page, unsubscribe::stop::stop))
}
