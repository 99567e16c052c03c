//! `GET /v1/events/{id}/history`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{Path, Query, Reply};
use shared::id::{EventId, UserId};
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::{App, TAG};
use crate::model::{HistoryEntry, Step};

/// One entry of an event's history.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    /// What happened.
    step: Step,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who did it; `null` where Plenary did it by itself.
    #[schema(required)]
    actor_id: Option<UserId>,
    /// What was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The names of the fields that it was about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    /// The event's version after it.
    version: u64,
}

impl HistoryView {
    fn new(entry: HistoryEntry) -> Self {
        Self {
            step: entry.step,
            at: entry.at,
            actor_id: entry.actor_id,
            note: entry.note,
            changed: entry.changed,
            version: entry.to_version,
        }
    }
}

/// Lists what happened to an event, the newest first: every edit, submission
/// and decision, with who, when and what was said.
///
/// For those inside: the members of its organisation, or its maker.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/history",
    tag = TAG,
    operation_id = "getEventHistory",
    params(("id" = EventId, Path, description = "The event."), Paging),
    responses(
        (status = 200, description = "A page.", body = Listing<HistoryView>),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn history(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let (event, _) = app.store.event(id).await?;
    if !event.visible_to(Some(&principal)) {
        return Err(Problem::not_found("The event"));
    }
    if !event.inside(&principal) {
        let detail = "The history is for those who make the event.";
        return Err(Problem::forbidden(detail));
    }
    let binding = Binding::new("/v1/events/{id}/history")
        .caller(principal.user_id)
        .filter("event", id);
    let page = PageRequest::new(&paging, binding, 50, 100)?;
    let found = app.store.history(id, page.limit, page.position()).await?;
    let views = found.items.into_iter().map(HistoryView::new).collect();
    Reply::ok(&page.listing(views, found.next))
}
