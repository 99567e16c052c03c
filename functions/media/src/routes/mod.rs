//! The HTTP interface of the group: one file per endpoint.

mod announce;
mod content;
mod delete;
mod get;
mod limits;
mod view;

use axum::middleware::from_fn_with_state;
use shared::aws::Aws;
use shared::http::{Api, Core, deprecated};
use shared::objects::Bucket;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::store::Store;

pub use view::MediumView;

/// The tag of all operations.
pub const TAG: &str = "media";

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub store: Store,
    /// The bucket.
    pub bucket: Bucket,
    /// Whose credentials sign the forms, and where S3 is.
    pub aws: Aws,
}

impl App {
    /// On top of the group's table and bucket.
    pub fn new(core: &Core, aws: &Aws, bucket: &str) -> Self {
        Self {
            store: Store::new(core.table.clone()),
            bucket: Bucket::new(aws, bucket),
            aws: aws.clone(),
        }
    }
}

#[allow(deprecated)] // the alias is meant to be so described
fn routes() -> OpenApiRouter<App> {
    let aliases = OpenApiRouter::new()
        .routes(routes!(announce::announce_alias))
        .route_layer(from_fn_with_state("/v1/media/uploads", deprecated));
    OpenApiRouter::new()
        .routes(routes!(announce::announce))
        .routes(routes!(limits::limits))
        .routes(routes!(get::get, delete::delete))
        .routes(routes!(content::content))
        .merge(aliases)
}

/// The group's API.
pub fn api(core: Core) -> Api<App> {
    Api::new(core).routes(routes())
}

/// The description of the group's API, without anything behind it.
pub fn openapi() -> OpenApi {
    api(Core::detached("media")).describe()
}
