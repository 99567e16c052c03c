//! `/v1/users/me/export`

use std::time::Duration;

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    cx::Context,
    http::{Path, Reply},
    id::OperationId,
    personal::archive_key,
    principal::Principal,
    problem::{Problem, UNAVAILABLE},
};
use utoipa::ToSchema;

use super::Begun;
use crate::{model::deletion::ExportRequest, state::App};

/// Export everything that is kept of you
///
/// You must have proved yourself in the last ten minutes. Every group hands over
/// what it keeps; when the file is ready you are told, and have seven days to fetch
/// it. Once in 24 hours.
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

/// How long an address of a file works: long enough for a slow network to begin.
const ADDRESS_VALID: Duration = Duration::from_mins(15);

/// Where the file of an export is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileAddress {
    /// Good for whoever has it: follow it at once, keep it nowhere.
    #[schema(format = "uri")]
    href: String,
    /// When it ceases to work.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Fetch the file of your export
///
/// You must have proved yourself in the last ten minutes: the file holds
/// everything. The address is made anew each time; it leads nowhere before the
/// operation is `completed`, or when its week is over. Of several exports, the
/// last.
#[utoipa::path(
    post, path = "/v1/users/me/export/{operationId}/link", tag = "users",
    operation_id = "linkExport",
    params(("operationId" = OperationId, Path, description = "The operation of the export")),
    responses(
        (status = 200, description = "The address", body = FileAddress),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`step-up-required`"),
        (status = 404, description = "It is not your last export"),
    )
)]
pub async fn link(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OperationId>,
) -> Result<Reply, Problem> {
    let export = app.store.export(principal.user_id).await?;
    export
        .filter(|export| export.operation_id == id)
        .ok_or_else(|| Problem::not_found("The export"))?;
    app.require_fresh(&principal).await?;
    let name = format!("plenary-{id}.zip");
    let signed = app
        .exports
        .download(&archive_key(id), &name, ADDRESS_VALID)
        .await;
    Reply::ok(&FileAddress {
        href: signed.map_err(|err| Problem::new(&UNAVAILABLE).caused_by(err))?,
        expires_at: app.clock.now() + ADDRESS_VALID,
    })
}
