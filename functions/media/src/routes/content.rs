//! `GET /v1/media/{id}/content`

use std::time::Duration;

use axum::extract::State;
use serde::Deserialize;
use shared::http::{Path, Query, Reply};
use shared::id::MediaId;
use shared::principal::Principal;
use shared::problem::{Problem, UNAVAILABLE};
use utoipa::IntoParams;

use super::{App, TAG};
use crate::model::Preset;
use crate::model::medium::{Medium, Status};
use crate::problems::MEDIA_NOT_READY;

/// How long an address works: long enough to follow it, too short to pass on.
const VALID: Duration = Duration::from_mins(5);

/// Which size.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContentQuery {
    /// The size; the original without metadata unless given.
    #[serde(default)]
    variant: Option<Preset>,
}

/// Redirects to the picture.
///
/// The address works for five minutes; ask again rather than keep it.
#[utoipa::path(
    get,
    path = "/v1/media/{id}/content",
    tag = TAG,
    operation_id = "getMediumContent",
    params(("id" = MediaId, Path, description = "The medium."), ContentQuery),
    responses(
        (status = 302, description = "`Location` is where the picture is."),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`media-not-ready`"),
    ),
    security(("bearer" = []))
)]
pub async fn content(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<MediaId>,
    Query(query): Query<ContentQuery>,
) -> Result<Reply, Problem> {
    let medium = app.store.visible(id, principal.user_id).await?;
    let key = medium
        .object(query.variant)
        .ok_or_else(|| not_ready(&medium))?;
    let address = app
        .bucket
        .address(&key, VALID)
        .await
        .map_err(|err| Problem::new(&UNAVAILABLE).caused_by(err))?;
    Ok(Reply::found(&address))
}

fn not_ready(medium: &Medium) -> Problem {
    let status = match medium.status {
        Status::Uploading => "uploading",
        Status::Processing => "processing",
        Status::Rejected => "rejected",
        Status::Ready => "ready",
    };
    Problem::new(&MEDIA_NOT_READY)
        .detail(format!("The medium is {status}."))
        .with("mediaStatus", status)
}
