//! `PATCH /v1/notifications/preferences`

use axum::extract::State;
use http::HeaderMap;
use shared::cx::Context;
use shared::http::{IfMatch, MergePatch, Reply};
use shared::principal::Principal;
use shared::problem::Problem;

use super::{Document, precondition, shown};
use crate::routes::{App, TAG};

/// Changes the caller's preferences (JSON Merge Patch, RFC 7396); `null` is
/// back to the default.
#[utoipa::path(
    patch,
    path = "/v1/notifications/preferences",
    tag = TAG,
    operation_id = "changeNotificationPreferences",
    request_body(content = Document, content_type = "application/merge-patch+json"),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The preferences as they are now", body = Document),
        (status = 400, description = "The body is not valid, or switches off a critical type"),
        (status = 401, description = "No valid access token"),
        (status = 412, description = "`If-Match` names an older version"),
    )
)]
pub async fn patch(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    headers: HeaderMap,
    if_match: IfMatch,
    patch: MergePatch<Document>,
) -> Result<Reply, Problem> {
    app.store
        .change_preferences(
            &cx,
            principal.user_id,
            |before| {
                precondition(&headers, &if_match, before)?;
                patch.apply(&Document::of(before))?.into_preferences(before)
            },
            shown,
        )
        .await
}
