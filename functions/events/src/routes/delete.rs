//! `DELETE /v1/events/{id}`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::EventCancelled;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::{App, TAG};
use crate::model::{Event, Move, Status};
use crate::problems::WRONG_TRANSITION;

/// Deletes an event.
///
/// What nobody outside has seen is gone. What was approved or published is
/// cancelled: it stays as a record, and attendees are told. What is cancelled
/// or over is kept: 409.
#[utoipa::path(
    delete,
    path = "/v1/events/{id}",
    tag = TAG,
    operation_id = "deleteEvent",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 204, description = "It is gone, or cancelled."),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`wrong-transition`, `has-sessions`"),
    ),
    security(("bearer" = []))
)]
pub async fn delete(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, counts) = app.editable(id, &principal, Permission::EventEdit).await?;
    match event.status {
        Status::Draft | Status::Submitted | Status::Rejected => remove(&app, &cx, &event).await,
        Status::Approved | Status::Published => {
            event.authorise(&principal, Permission::EventPublish)?;
            let (next, _, mut commit) = app.step(&cx, &event, &counts, Move::Cancel, None)?;
            app.store
                .note_change(&mut commit, &event, &next, Some(principal.user_id))
                .await?;
            let cancelled = EventCancelled {
                event: next.snapshot(),
                reason: None,
            };
            commit.publish(&cancelled, next.version);
            commit.finish(Reply::no_content()).await
        }
        Status::Cancelled | Status::Completed => Err(Problem::new(&WRONG_TRANSITION)
            .detail(format!(
                "The event is {} and is kept as a record.",
                event.status.name()
            ))
            .with("currentStatus", event.status.name())
            .with("allowedTransitions", Vec::<String>::new())),
    }
}

async fn remove(app: &App, cx: &Context, event: &Event) -> Result<Reply, Problem> {
    let removal = app.store.removal(event).await?;
    let mut commit = app.store.commit(cx);
    removal.of(&mut commit, cx);
    commit.finish(Reply::no_content()).await
}
