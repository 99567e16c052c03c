//! `POST /v1/events/{id}/change/approve`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::{EventApproved, EventUpdated};
use shared::http::{IfMatch, Json, Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::super::admission::write::admit;
use super::super::approve::{Approval, checked};
use super::super::update::resize;
use super::super::view::EventView;
use super::super::{App, TAG};
use super::may_decide;
use crate::model::{Event, Status, Step};
use crate::store::chronicle;
use crate::store::shelves::shelve;

/// Approves the change that waits: it holds from now on.
///
/// Needs the right `event.approve`, not for a change of one's own, and
/// `If-Match`: nobody approves what they have not seen.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/change/approve",
    tag = TAG,
    operation_id = "approveChange",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("If-Match" = String, Header, description = "The ETag of the change that was read."),
    ),
    request_body = Approval,
    responses(
        (status = 200, description = "The event with the change.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`capacity-too-small`, `ticket-type-in-use`, `conflict`"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    ),
    security(("bearer" = []))
)]
pub async fn approve_change(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    if_match: IfMatch,
    Path(id): Path<EventId>,
    Json(approval): Json<Approval>,
) -> Result<Reply, Problem> {
    let note = checked("/note", approval.note)?;
    let (event, counts, change) = app
        .with_change(id, &principal, Permission::EventApprove)
        .await?;
    may_decide(&event, &change, &principal)?;
    if_match.require(event.version)?;
    let mut details = change.applied(&event.details)?;
    if details.venue_id != event.details.venue_id {
        details = app
            .placed(details, event.organization_id, event.created_by)
            .await?;
    }
    let mut commit = app.store.commit(&cx);
    let next = Event {
        pending: None,
        decision_note: note.clone(),
        ..event.with_details(details, commit.now())
    };
    commit.replace(&next);
    shelve(&mut commit, Some(&event), Some(&next));
    let mut counts = resize(&mut commit, &next, counts);
    if change.about_admission() {
        let before = app.store.admission(id).await?;
        counts = admit(&mut commit, &before, &change.admitted(&before)?, counts)?;
    }
    let next = Event {
        version: event.version + 1,
        ..next
    };
    let who = Some(principal.user_id);
    let entry = next.entry(
        commit.now(),
        Step::ChangeApproved,
        who,
        note.clone(),
        change.names(),
    );
    chronicle(&mut commit, &entry);
    app.store
        .note_change(&mut commit, &event, &next, who)
        .await?;
    if let Some(organization_id) = next.organization_id {
        let approved = EventApproved {
            event_id: id,
            organization_id,
            title: next.details.title.clone(),
            created_by: next.created_by,
            actor_id: principal.user_id,
            reason: note,
            changed: change.names(),
            proposed_by: Some(change.proposed_by),
        };
        commit.publish(&approved, next.version);
    }
    if next.status == Status::Published {
        let updated = EventUpdated {
            event: next.snapshot(),
            changed: change.names(),
        };
        commit.publish(&updated, next.version);
    }
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}
