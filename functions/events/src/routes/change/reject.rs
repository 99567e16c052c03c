//! `POST /v1/events/{id}/change/reject`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::EventRejected;
use shared::http::{Json, Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::super::approve::checked;
use super::super::reject::Rejection;
use super::super::view::EventView;
use super::super::{App, TAG};
use super::may_decide;
use crate::model::{Event, Step};
use crate::store::chronicle;

/// Rejects the change that waits, with a reason. The event stays as it is.
///
/// Needs the right `event.approve`; not for a change of one's own.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/change/reject",
    tag = TAG,
    operation_id = "rejectChange",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = Rejection,
    responses(
        (status = 200, description = "The event without the change.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`version-conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn reject_change(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(rejection): Json<Rejection>,
) -> Result<Reply, Problem> {
    let reason = checked("/reason", Some(rejection.reason))?
        .ok_or_else(|| Problem::invalid("/reason", "missing", "tell the author why"))?;
    let (event, counts, change) = app
        .with_change(id, &principal, Permission::EventApprove)
        .await?;
    may_decide(&event, &change, &principal)?;
    let mut commit = app.store.commit(&cx);
    let next = Event {
        pending: None,
        decision_note: Some(reason.clone()),
        ..event.clone()
    };
    commit.replace(&next);
    let next = Event {
        version: event.version + 1,
        ..next
    };
    let who = Some(principal.user_id);
    let note = Some(reason.clone());
    let entry = next.entry(
        commit.now(),
        Step::ChangeRejected,
        who,
        note,
        change.names(),
    );
    chronicle(&mut commit, &entry);
    if let Some(organization_id) = next.organization_id {
        let rejected = EventRejected {
            event_id: id,
            organization_id,
            title: next.details.title.clone(),
            created_by: next.created_by,
            actor_id: principal.user_id,
            reason: Some(reason),
            changed: change.names(),
            proposed_by: Some(change.proposed_by),
        };
        commit.publish(&rejected, next.version);
    }
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}
