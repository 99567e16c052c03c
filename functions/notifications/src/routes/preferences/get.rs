//! `GET /v1/notifications/preferences`

use axum::extract::State;
use shared::http::Reply;
use shared::principal::Principal;
use shared::problem::Problem;

use super::{Document, shown};
use crate::routes::{App, TAG};

/// The caller's preferences; the defaults, if they never set any.
#[utoipa::path(
    get,
    path = "/v1/notifications/preferences",
    tag = TAG,
    operation_id = "getNotificationPreferences",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The preferences", body = Document),
        (status = 401, description = "No valid access token"),
    )
)]
pub async fn get(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    shown(&app.store.preferences(principal.user_id).await?)
}
