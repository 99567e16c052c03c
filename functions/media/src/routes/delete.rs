//! `DELETE /v1/media/{id}`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::MediaId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::{App, TAG};

/// Deletes a medium with all its sizes.
///
/// It cannot be read any more at once; its objects follow.
#[utoipa::path(
    delete,
    path = "/v1/media/{id}",
    tag = TAG,
    operation_id = "deleteMedium",
    params(("id" = MediaId, Path, description = "The medium.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn delete(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<MediaId>,
) -> Result<Reply, Problem> {
    let medium = app.store.owned(id, principal.user_id).await?;
    app.store.delete(&cx, &medium).await?;
    Ok(Reply::no_content())
}
