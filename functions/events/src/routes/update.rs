//! `PATCH /v1/events/{id}`

use axum::extract::State;
use shared::commit::Commit;
use shared::cx::Context;
use shared::event::events::{EventSubmitted, EventUpdated};
use shared::http::{IfMatch, MergePatch, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::change::ChangeView;
use super::view::EventView;
use super::{App, TAG};
use crate::model::{Counts, Details, Event, Move, PendingChange, Status, Step, changed, within};
use crate::problems::{CAPACITY_TOO_SMALL, WRONG_TRANSITION};
use crate::store::chronicle;
use crate::store::shelves::shelve;

/// Changes an event.
///
/// Only what the patch names. A rejected event becomes a draft again, one in
/// review stays there. Where approval is needed, a change of what was approved
/// is sent to review (202) unless the caller may approve: the event stays as it
/// is until the changed fields are approved. What is cancelled or over cannot
/// be changed.
#[utoipa::path(
    patch,
    path = "/v1/events/{id}",
    tag = TAG,
    operation_id = "updateEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("If-Match" = String, Header, description = "The ETag that was read."),
    ),
    request_body(content = Details, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The event after the change.", body = EventView),
        (status = 202, description = "The change waits for approval.", body = ChangeView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`wrong-transition`, `capacity-too-small`"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    ),
    security(("bearer" = []))
)]
pub async fn update(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    if_match: IfMatch,
    Path(id): Path<EventId>,
    patch: MergePatch<Details>,
) -> Result<Reply, Problem> {
    let (event, counts) = app.editable(id, &principal, Permission::EventEdit).await?;
    if_match.require(event.version)?;
    if way(&event, &principal)? == Way::ByReview {
        return propose(&app, &cx, principal.user_id, &event, &patch).await;
    }
    let details = proposed(&app, &event, &event.details, &patch).await?;
    let mut commit = app.store.commit(&cx);
    let base = match event.status {
        Status::Rejected => event.moved(Move::Revise, commit.now())?,
        _ => event.clone(),
    };
    let next = base.with_details(details, commit.now());
    commit.replace(&next);
    shelve(&mut commit, Some(&event), Some(&next));
    let counts = resize(&mut commit, &next, counts);
    let next = Event {
        version: event.version + 1,
        ..next
    };
    app.store.trace_speakers(&cx, Some(&event), &next).await?;
    let changed = changed(&event.details, &next.details)?;
    let who = Some(principal.user_id);
    let entry = next.entry(commit.now(), Step::Edited, who, None, changed.clone());
    chronicle(&mut commit, &entry);
    app.store
        .note_change(&mut commit, &event, &next, who)
        .await?;
    if next.status == Status::Published {
        commit.publish(
            &EventUpdated {
                event: next.snapshot(),
                changed,
            },
            next.version,
        );
    }
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}

/// Who is a part of what is decided at creation; a session stays within the
/// time of its event.
async fn in_family(app: &App, before: &Details, after: &Details) -> Result<(), Problem> {
    let fixed = [
        ("/parentId", before.parent_id == after.parent_id),
        ("/standsAlone", before.stands_alone == after.stands_alone),
    ];
    if let Some((pointer, _)) = fixed.iter().find(|(_, same)| !same) {
        return Err(Problem::invalid(
            *pointer,
            "fixed",
            "is decided at creation",
        ));
    }
    let Some(parent) = after.parent_id else {
        return Ok(());
    };
    if (before.starts_at, before.ends_at) != (after.starts_at, after.ends_at)
        && let Some(parent) = app.store.find(parent).await?
    {
        within(after, &parent)?;
    }
    Ok(())
}

/// The details with the patch in them. A place given by hand lets go of the
/// known venue, and a venue that was deleted meanwhile leaves its copy.
async fn proposed(
    app: &App,
    event: &Event,
    before: &Details,
    patch: &MergePatch<Details>,
) -> Result<Details, Problem> {
    let mut details = patch.apply(before)?.checked()?;
    in_family(app, before, &details).await?;
    if details.venue_id != before.venue_id {
        return app
            .placed(details, event.organization_id, event.created_by)
            .await;
    }
    if let Some(id) = details.venue_id
        && (details.venue != before.venue || app.store.venue(id).await?.is_none())
    {
        details.venue_id = None;
    }
    Ok(details)
}

/// Whether a change holds at once or has to be reviewed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    AtOnce,
    ByReview,
}

pub(super) fn way(event: &Event, actor: &Principal) -> Result<Way, Problem> {
    match event.status {
        Status::Draft | Status::Rejected | Status::Submitted => Ok(Way::AtOnce),
        Status::Approved | Status::Published => {
            let approver = event
                .organization_id
                .is_none_or(|organization| actor.can(Permission::EventApprove, organization));
            if event.needs_approval && !approver {
                Ok(Way::ByReview)
            } else {
                Ok(Way::AtOnce)
            }
        }
        Status::Cancelled | Status::Completed => Err(Problem::new(&WRONG_TRANSITION)
            .detail(format!(
                "The event is {} and cannot be changed.",
                event.status.name()
            ))
            .with("currentStatus", event.status.name())
            .with("allowedTransitions", Vec::<String>::new())),
    }
}

/// Sends a change to review, or changes what is there already. The event stays
/// as it was approved.
async fn propose(
    app: &App,
    cx: &Context,
    actor: UserId,
    event: &Event,
    patch: &MergePatch<Details>,
) -> Result<Reply, Problem> {
    let before = match &event.pending {
        Some(pending) => pending.applied(&event.details)?,
        None => event.details.clone(),
    };
    let wanted = proposed(app, event, &before, patch).await?;
    let mut commit = app.store.commit(cx);
    let now = commit.now();
    let waiting = event.pending.as_ref();
    let change = PendingChange::between(waiting, &event.details, &wanted, actor, now)?
        .ok_or_else(|| Problem::invalid("", "unchanged", "would change nothing"))?;
    let next = Event {
        pending: Some(change.clone()),
        ..event.clone()
    };
    commit.replace(&next);
    let next = Event {
        version: event.version + 1,
        ..next
    };
    app.store.trace_speakers(cx, Some(event), &next).await?;
    submit_change(&mut commit, event, &next, &change);
    let admission = app.store.admission(event.id).await?;
    let view = ChangeView::new(&next, &admission, &change)?;
    let reply = Reply::accepted(&view)?.etag(next.version);
    commit.finish(reply).await
}

/// Records that the change waits in `next`, and tells the approvers.
pub(super) fn submit_change(
    commit: &mut Commit,
    event: &Event,
    next: &Event,
    change: &PendingChange,
) {
    let (names, actor) = (change.names(), change.proposed_by);
    let step = Step::ChangeSubmitted;
    let entry = next.entry(commit.now(), step, Some(actor), None, names.clone());
    chronicle(commit, &entry);
    // Approvers are told of a change once, not of each touch to it.
    if let (None, Some(organization_id)) = (&event.pending, event.organization_id) {
        let submitted = EventSubmitted {
            event_id: event.id,
            organization_id,
            title: event.details.title.clone(),
            created_by: event.created_by,
            actor_id: actor,
            reason: None,
            changed: names,
            proposed_by: Some(actor),
        };
        commit.publish(&submitted, next.version);
    }
}

/// Keeps the guard's capacity in step. A smaller one must hold everybody who
/// is in; the places of a larger one are given out by the worker.
pub(super) fn resize(commit: &mut Commit, next: &Event, counts: Counts) -> Counts {
    let capacity = next.details.capacity;
    if capacity == counts.capacity {
        return counts;
    }
    let action = commit.update(Counts::key_of(next.id));
    match capacity {
        None => action.remove("capacity").when("attribute_exists(#pk)"),
        Some(capacity) => action
            .set("capacity", capacity)
            .when("#confirmed <= :most")
            .bind(":most", capacity)
            .or(Problem::new(&CAPACITY_TOO_SMALL).error(
                "/capacity",
                "out-of-range",
                "is below the number of confirmed registrations",
            )),
    };
    Counts { capacity, ..counts }
}
