//! `GET /v1/operations/{operationId}`

use axum::extract::State;
use http::header::RETRY_AFTER;
use shared::http::{Path, Reply};
use shared::id::OperationId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::OperationView;
use crate::app::App;
use crate::operations::model::{Kind, Operation, Status};

/// When it is worth asking again, in seconds.
const SOON: &str = "5";

/// Follow an operation
///
/// An export is shown to whose it is, and to nobody else; a finished one says for a
/// week where its file, a ZIP of one JSON document per group, is to be had. A deletion is shown to everybody who knows its
/// id, without a token, for the person has no account any more: it holds nothing
/// personal, and stays as the proof. No API key opens this.
#[utoipa::path(
    get, path = "/v1/operations/{operationId}", operation_id = "getOperation", tag = "platform",
    params(("operationId" = OperationId, Path, description = "The operation.")),
    responses(
        (status = 200, description = "The operation; `Retry-After` while it is running", body = OperationView),
        (status = 404, description = "`not-found`"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn get(
    State(app): State<App>,
    principal: Option<Principal>,
    Path(id): Path<OperationId>,
) -> Result<Reply, Problem> {
    let operation = app.operations.operation(id).await?;
    let operation = operation.filter(|operation| shown(operation, principal.as_ref()));
    let view = operation.as_ref().and_then(OperationView::of);
    let (Some(operation), Some(view)) = (operation, view) else {
        return Err(Problem::not_found("The operation"));
    };
    let view = view.with_download(&app, &operation);
    let reply = Reply::ok(&view)?.hashed().revalidated();
    Ok(match view.status {
        Status::Running => reply.header(RETRY_AFTER, SOON),
        _ => reply,
    })
}

fn shown(operation: &Operation, principal: Option<&Principal>) -> bool {
    match operation.kind {
        Some(Kind::AccountDeletion) => true,
        Some(Kind::AccountExport) => {
            principal.is_some_and(|one| operation.user_id == Some(one.user_id))
        }
        None => false,
    }
}
