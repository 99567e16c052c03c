//! `GET /v1/media/{id}`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::id::MediaId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::{App, MediumView, TAG};

/// Reads what is known of a medium.
///
/// Others than the owner see it when it is ready and public.
#[utoipa::path(
    get,
    path = "/v1/media/{id}",
    tag = TAG,
    operation_id = "getMedium",
    params(("id" = MediaId, Path, description = "The medium.")),
    responses(
        (status = 200, description = "The medium.", body = MediumView),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn get(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<MediaId>,
) -> Result<Reply, Problem> {
    let medium = app.store.visible(id, principal.user_id).await?;
    Ok(Reply::ok(&MediumView::from(&medium))?
        .etag(medium.version)
        .revalidated())
}
