//! `PATCH /v1/events/{id}`

use axum::extract::State;
use shared::commit::Commit;
use shared::cx::Context;
use shared::event::events::EventUpdated;
use shared::http::{IfMatch, MergePatch, Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::view::EventView;
use super::{App, TAG};
use crate::model::{Counts, Details, Event, Move, Status};
use crate::problems::{CAPACITY_TOO_SMALL, WRONG_TRANSITION};
use crate::store::shelves::shelve;

/// Changes an event.
///
/// Only what the patch names. A rejected event becomes a draft again. What was
/// approved may only be changed by those who may approve; what is being
/// reviewed, cancelled or over cannot be changed.
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
    may_change(&event, &principal)?;
    let details = proposed(&app, &event, &patch).await?;
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
    if next.status == Status::Published {
        let changed = changed(&event.details, &next.details)?;
        commit.publish(
            &EventUpdated {
                event: next.snapshot(),
                changed,
            },
            next.version,
        );
    }
    let view = EventView::new(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}

/// The details with the patch in them. A place given by hand lets go of the
/// known venue, and a venue that was deleted meanwhile leaves its copy.
async fn proposed(
    app: &App,
    event: &Event,
    patch: &MergePatch<Details>,
) -> Result<Details, Problem> {
    let before = &event.details;
    let mut details = patch.apply(before)?.checked()?;
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

fn may_change(event: &Event, actor: &Principal) -> Result<(), Problem> {
    match event.status {
        Status::Draft | Status::Rejected => Ok(()),
        Status::Approved | Status::Published => {
            let approver = event
                .organization_id
                .is_none_or(|organization| actor.can(Permission::EventApprove, organization));
            if event.needs_approval && !approver {
                let detail = "The event was approved as it is; only an approver may change it.";
                return Err(Problem::forbidden(detail));
            }
            Ok(())
        }
        Status::Submitted | Status::Cancelled | Status::Completed => {
            let allowed: Vec<&str> = event
                .status
                .next(event.needs_approval)
                .into_iter()
                .map(Status::name)
                .collect();
            Err(Problem::new(&WRONG_TRANSITION)
                .detail(format!(
                    "The event is {} and cannot be changed.",
                    event.status.name()
                ))
                .with("currentStatus", event.status.name())
                .with("allowedTransitions", allowed))
        }
    }
}

/// Keeps the guard's capacity in step. A smaller one must hold everybody who
/// is in; the places of a larger one are given out by the worker.
fn resize(commit: &mut Commit, next: &Event, counts: Counts) -> Counts {
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

/// The names of the fields that differ.
fn changed(before: &Details, after: &Details) -> Result<Vec<String>, Problem> {
    let value = |details| serde_json::to_value(details).map_err(Problem::internal);
    let (before, after) = (value(before)?, value(after)?);
    let names = |value: &serde_json::Value| -> Vec<String> {
        value
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect()
    };
    let mut all = names(&before);
    all.extend(names(&after));
    all.sort();
    all.dedup();
    all.retain(|name| before.get(name) != after.get(name));
    Ok(all)
}
