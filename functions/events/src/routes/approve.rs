//! `POST /v1/events/{id}/approve`

use axum::extract::State;
use serde::Deserialize;
use shared::cx::Context;
use shared::event::events::EventApproved;
use shared::http::{IfMatch, Json, Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal, Role};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::view::EventView;
use super::{App, TAG};
use crate::model::{Event, Move};

/// What the approver says.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Approval {
    /// For the author.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub(super) note: Option<String>,
}

/// The rule of four eyes: nobody decides on an event of their own, except an
/// owner of the organisation, who could change the rule anyway.
pub(super) fn may_decide(event: &Event, actor: &Principal) -> Result<(), Problem> {
    let owner = event
        .organization_id
        .is_some_and(|organization| actor.role_in(organization) == Some(Role::Owner));
    if event.created_by == actor.user_id && !owner {
        return Err(Problem::forbidden(
            "You cannot decide on an event of your own.",
        ));
    }
    Ok(())
}

/// Nobody decides on what they have not seen: `If-Match` is asked for when the
/// event was changed after it was submitted.
pub(super) fn as_seen(event: &Event, if_match: &IfMatch) -> Result<(), Problem> {
    if event.edited_in_review() || if_match.is_sent() {
        if_match.require(event.version)?;
    }
    Ok(())
}

/// A note of at most 2000 characters.
pub(super) fn checked(pointer: &str, note: Option<String>) -> Result<Option<String>, Problem> {
    let note = note
        .map(|note| note.trim().to_owned())
        .filter(|note| !note.is_empty());
    match note {
        Some(note) if note.chars().count() > 2000 => Err(Problem::invalid(
            pointer,
            "length",
            "may have at most 2000 characters",
        )),
        note => Ok(note),
    }
}

/// Approves a submitted event.
///
/// Needs the right `event.approve`; not for an event of one's own. Needs
/// `If-Match` when the event was changed after it was submitted.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/approve",
    tag = TAG,
    operation_id = "approveEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read."),
    ),
    request_body = Approval,
    responses(
        (status = 200, description = "The approved event.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`wrong-transition`, `conflict`"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    ),
    security(("bearer" = []))
)]
pub async fn approve(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    if_match: IfMatch,
    Path(id): Path<EventId>,
    Json(approval): Json<Approval>,
) -> Result<Reply, Problem> {
    let note = checked("/note", approval.note)?;
    let (event, counts) = app
        .editable(id, &principal, Permission::EventApprove)
        .await?;
    may_decide(&event, &principal)?;
    as_seen(&event, &if_match)?;
    let (next, counts, mut commit) = app.step(&cx, &event, &counts, Move::Approve, note.clone())?;
    if let Some(organization_id) = next.organization_id {
        let approved = EventApproved {
            event_id: id,
            organization_id,
            title: next.details.title.clone(),
            created_by: next.created_by,
            actor_id: principal.user_id,
            reason: note,
            changed: Vec::new(),
            proposed_by: None,
        };
        commit.publish(&approved, next.version);
    }
    let view = EventView::inside(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.etag())).await
}
