//! `PUT /v1/events/{id}/admission`

use axum::extract::State;
use shared::commit::Commit;
use shared::cx::Context;
use shared::http::{IfMatch, Json, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::super::change::ChangeView;
use super::super::update::{Way, submit_change, way};
use super::super::{App, TAG};
use super::write::{admit, fits};
use super::{AdmissionView, NewAdmission};
use crate::model::{Admission, Event, Move, PendingChange, Status, Step};
use crate::store::chronicle;
use crate::store::shelves::shelve;

/// Sets ticket types, questions, and the rules of the waitlist and the door.
///
/// The whole of it: what is left out is gone. A ticket type that somebody has
/// stays, and its quota holds everybody who has one. Larger quotas go to those
/// who wait. Needs the right `event.edit`.
///
/// Of what was approved, ticket types with their names and prices, and the
/// questions, are sent to review (202) unless the caller may approve; all else,
/// quotas and sale windows among it, holds at once. What is sent as it is says
/// nothing of a change that waits.
#[utoipa::path(
    put,
    path = "/v1/events/{id}/admission",
    tag = TAG,
    operation_id = "setAdmission",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("If-Match" = String, Header, description = "The ETag that was read."),
    ),
    request_body = NewAdmission,
    responses(
        (status = 200, description = "How people get in now.", body = AdmissionView),
        (status = 202, description = "A part waits for approval; the rest holds.", body = ChangeView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`capacity-too-small`, `ticket-type-in-use`, `wrong-transition`"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    ),
    security(("bearer" = []))
)]
pub async fn set_admission(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    if_match: IfMatch,
    Path(id): Path<EventId>,
    Json(body): Json<NewAdmission>,
) -> Result<Reply, Problem> {
    let (event, counts) = app.editable(id, &principal, Permission::EventEdit).await?;
    let before = app.store.admission(id).await?;
    if_match.require(before.version)?;
    let way = way(&event, &principal)?;
    let wanted = Admission {
        event_id: id,
        ticket_types: body.ticket_types,
        questions: body.questions,
        max_per_registration: body.max_per_registration,
        offer_minutes: body.offer_minutes,
        check_in_lists: body.check_in_lists,
        version: before.version,
    }
    .checked()?;
    let mut commit = app.store.commit(&cx);
    let (now, who) = (commit.now(), principal.user_id);
    let (next, change) = match way {
        Way::AtOnce => (wanted, None),
        Way::ByReview => {
            let waiting = event.pending.as_ref();
            let change = PendingChange::of_admission(waiting, &before, &wanted, who, now)?;
            (before.run_as(&wanted).checked()?, change)
        }
    };
    let changed = before.changed(&next);
    let base = match event.status {
        Status::Rejected => event.moved(Move::Revise, now)?,
        _ => event.clone(),
    };
    let after = Event {
        pending: change.clone().or(base.pending.clone()),
        updated_at: if changed.is_empty() {
            base.updated_at
        } else {
            now
        },
        ..base
    };
    commit.replace(&after);
    shelve(&mut commit, Some(&event), Some(&after));
    let after = Event {
        version: event.version + 1,
        ..after
    };
    if let Some(change) = &change {
        fits(&before, &change.admitted(&next)?, counts.clone())?;
        submit_change(&mut commit, &event, &after, change);
        if !changed.is_empty() {
            admit(&mut commit, &before, &next, counts)?;
            record(&mut commit, &after, who, changed);
        }
        let view = ChangeView::new(&after, &next, change)?;
        let reply = Reply::accepted(&view)?.etag(after.version);
        return commit.finish(reply).await;
    }
    let counts = admit(&mut commit, &before, &next, counts)?;
    record(&mut commit, &after, who, changed);
    let next = Admission {
        version: before.version + 1,
        ..next
    };
    let view = AdmissionView::new(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.tag())).await
}

/// The entry of the event's history.
fn record(commit: &mut Commit, after: &Event, who: UserId, changed: Vec<String>) {
    let step = Step::AdmissionChanged;
    let entry = after.entry(commit.now(), step, Some(who), None, changed);
    chronicle(commit, &entry);
}
