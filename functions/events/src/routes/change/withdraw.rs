//! `DELETE /v1/events/{id}/change`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::super::{App, TAG};
use crate::model::{Event, Step};
use crate::store::chronicle;

/// Takes back the change that waits for approval.
#[utoipa::path(
    delete,
    path = "/v1/events/{id}/change",
    tag = TAG,
    operation_id = "withdrawChange",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 204, description = "No change waits any more."),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`version-conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn withdraw_change(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, _, change) = app
        .with_change(id, &principal, Permission::EventEdit)
        .await?;
    let mut commit = app.store.commit(&cx);
    let next = Event {
        pending: None,
        ..event.clone()
    };
    commit.replace(&next);
    let next = Event {
        version: event.version + 1,
        ..next
    };
    let who = Some(principal.user_id);
    let names = change.names();
    let entry = next.entry(commit.now(), Step::ChangeWithdrawn, who, None, names);
    chronicle(&mut commit, &entry);
    commit.finish(Reply::no_content()).await
}
