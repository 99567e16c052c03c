//! `POST /v1/events/{id}/publish`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::EventPublished;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::view::EventView;
use super::{App, TAG, over};
use crate::model::{Counts, Event, Move, Status};
use crate::problems::WRONG_TRANSITION;

/// Opens an event to everybody, and its registration.
///
/// An approved event, or a draft where no approval is needed. A session only
/// while its event is published.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/publish",
    tag = TAG,
    operation_id = "publishEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
    ),
    responses(
        (status = 200, description = "The published event.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`wrong-transition`"),
    ),
    security(("bearer" = []))
)]
pub async fn publish(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, counts) = app
        .editable(id, &principal, Permission::EventPublish)
        .await?;
    let event = match event.status {
        Status::Draft => Event {
            needs_approval: app.needs_approval(&event).await?,
            ..event
        },
        _ => event,
    };
    if over(&event, app.store.now()) {
        return Err(Problem::new(&WRONG_TRANSITION)
            .detail("The event's end has passed; change its time first.")
            .with("currentStatus", event.status.name())
            .with("allowedTransitions", Vec::<String>::new()));
    }
    let closed = || {
        Problem::new(&WRONG_TRANSITION)
            .detail("The event that it is part of is not published, or not any more.")
            .with("currentStatus", event.status.name())
            .with("allowedTransitions", Vec::<String>::new())
    };
    if let Some(parent) = event.details.parent_id {
        let parent = app.store.find(parent).await?;
        let alone = event.details.stands_alone;
        let fits = |status: Status| status == Status::Published || alone && status.public();
        if parent.is_some_and(|parent| !fits(parent.status)) {
            return Err(closed());
        }
    }
    let (next, counts, mut commit) = app.step(&cx, &event, &counts, Move::Publish, None)?;
    if let Some(parent) = event
        .details
        .parent_id
        .filter(|_| !event.details.stands_alone)
    {
        // A cancelled event's sessions are being called off: none is added then.
        commit
            .check(Counts::key_of(parent))
            .when("#open = :open")
            .bind(":open", true)
            .or(closed());
    }
    commit.publish(
        &EventPublished {
            event: next.snapshot(),
        },
        next.version,
    );
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}
