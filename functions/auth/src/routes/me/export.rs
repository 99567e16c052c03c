//! `POST /v1/users/me/export`

use axum::extract::State;
use shared::{cx::Context, http::Reply, id::OperationId, principal::Principal, problem::Problem};

use super::Begun;
use crate::{model::deletion::ExportRequest, state::App};

/// Export everything that is kept of you
///
/// You must have proved yourself in the last ten minutes. Every group hands over
/// what it keeps; when the file is ready you are told, and the operation links
/// to it, for you alone and for seven days. Once in 24 hours.
#[utoipa::path(
    post, path = "/v1/users/me/export", tag = "users", operation_id = "exportMe",
    responses(
        (status = 202, description = "It is being collected", body = Begun,
            headers(("location" = String, description = "The operation"))),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`step-up-required`"),
        (status = 409, description = "`export-underway` with `operationId`"),
    )
)]
pub async fn export(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    app.require_fresh(&principal).await?;
    let export = ExportRequest {
        user_id: principal.user_id,
        operation_id: OperationId::new(),
        requested_at: app.clock.now(),
    };
    let reply = Begun {
        id: export.operation_id,
        kind: "account-export",
        status: "running",
        created_at: export.requested_at,
        erase_at: None,
    }
    .reply()?;
    app.store
        .request_export(&cx, &export, principal.session_id, reply)
        .await
}
