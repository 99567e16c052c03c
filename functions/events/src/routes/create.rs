//! `POST /v1/events`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::EventCreated;
use shared::http::{Json, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::view::EventView;
use super::{App, TAG};
use crate::model::{Counts, Draft, Event, Status, Step, within};
use crate::store::shelves::shelve;
use crate::store::{chronicle, family};

/// The event that a draft is to be a part of.
async fn parent_of(
    app: &App,
    draft: &Draft,
    principal: &Principal,
) -> Result<Option<Event>, Problem> {
    let Some(id) = draft.parent_id else {
        return Ok(None);
    };
    let fault = |code: &str, detail: &str| Problem::invalid("/parentId", code, detail);
    let parent = app
        .store
        .find(id)
        .await?
        .filter(|parent| parent.visible_to(Some(principal)))
        .ok_or_else(|| fault("unknown", "is no event that you see"))?;
    parent.authorise(principal, Permission::EventEdit)?;
    if parent.details.parent_id.is_some() {
        return Err(fault("nested", "is itself a part of another event"));
    }
    if matches!(parent.status, Status::Cancelled | Status::Completed) {
        return Err(fault("closed", "is cancelled or over"));
    }
    if draft
        .organization_id
        .is_some_and(|given| Some(given) != parent.organization_id)
    {
        let detail = "is not the organisation of the event that it is part of";
        return Err(Problem::invalid("/organizationId", "ambiguous", detail));
    }
    Ok(Some(parent))
}

/// Creates a draft.
///
/// With `parentId` it is a session of another event of the same owner, or with
/// `standsAlone` an edition of a series. In an organisation it needs the right
/// `event.create`. The local `date`,
/// `startTime` and `endTime` are sugar for `startsAt` and `endsAt`.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = TAG,
    operation_id = "createEvent",
    request_body = Draft,
    responses(
        (status = 201, description = "The draft.", body = EventView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn create(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(draft): Json<Draft>,
) -> Result<Reply, Problem> {
    let parent = parent_of(&app, &draft, &principal).await?;
    let organization_id = match &parent {
        Some(parent) => parent.organization_id,
        None => draft.organization_id,
    };
    if let Some(organization) = organization_id {
        principal.require(Permission::EventCreate, organization)?;
    }
    let person = principal.user_id;
    let details = app
        .placed(draft.details()?, organization_id, person)
        .await?;
    let mut commit = app.store.commit(&cx);
    let event = Event {
        id: EventId::new(),
        organization_id,
        created_by: principal.user_id,
        created_at: commit.now(),
        updated_at: commit.now(),
        status: Status::Draft,
        needs_approval: organization_id.is_some(),
        published_at: None,
        decision_note: None,
        details,
        pending: None,
        submitted_version: None,
        sequence: 0,
        version: 1,
    };
    let counts = Counts::new(event.id, event.details.capacity);
    if let Some(parent) = &parent {
        within(&event.details, parent)?;
        family::add(&mut commit, parent.id);
    }
    commit.create(&event);
    shelve(&mut commit, None, Some(&event));
    commit.create(&counts);
    let entry = event.entry(commit.now(), Step::Created, Some(person), None, Vec::new());
    chronicle(&mut commit, &entry);
    let created = EventCreated {
        event_id: event.id,
        created_by: event.created_by,
        organization_id,
    };
    commit.publish(&created, 1);
    app.store.trace_speakers(&cx, None, &event).await?;
    let view = EventView::inside(&event, &counts);
    let location = format!("/v1/events/{}", event.id);
    commit
        .finish(Reply::created(&view, &location)?.tag(&view.etag()))
        .await
}
