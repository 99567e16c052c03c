//! `PUT /v1/notifications/preferences`

use axum::extract::State;
use http::HeaderMap;
use shared::cx::Context;
use shared::http::{IfMatch, Json, Reply};
use shared::principal::Principal;
use shared::problem::Problem;

use super::{Document, precondition, shown};
use crate::routes::{App, TAG};

/// Sets the caller's preferences; what is left out falls back to its default.
#[utoipa::path(
    put,
    path = "/v1/notifications/preferences",
    tag = TAG,
    operation_id = "setNotificationPreferences",
    request_body = Document,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The preferences as they are now", body = Document),
        (status = 400, description = "The body is not valid, or switches off a critical type"),
        (status = 401, description = "No valid access token"),
        (status = 412, description = "`If-Match` names an older version"),
    )
)]
pub async fn put(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    headers: HeaderMap,
    if_match: IfMatch,
    Json(document): Json<Document>,
) -> Result<Reply, Problem> {
    app.store
        .change_preferences(
            &cx,
            principal.user_id,
            |before| {
                precondition(&headers, &if_match, before)?;
                document.clone().into_preferences(before)
            },
            shown,
        )
        .await
}
