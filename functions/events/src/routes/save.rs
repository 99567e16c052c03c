//! `PUT` and `DELETE /v1/events/{id}/save`, `GET /v1/events/saved`

use axum::extract::State;
use shared::cx::Context;
use shared::event::events::{EventSaved, EventUnsaved};
use shared::http::{Path, Query, Reply};
use shared::id::EventId;
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::{CONFLICT, Problem};

use super::list::with_counts;
use super::view::EventView;
use super::{App, TAG};
use crate::model::{Event, Saved};

/// Keeps an event.
///
/// Once or many times: the effect is one.
#[utoipa::path(
    put,
    path = "/v1/events/{id}/save",
    tag = TAG,
    operation_id = "saveEvent",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 204, description = "It is kept."),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn save(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, _) = app.store.event(id).await?;
    if !event.visible_to(Some(&principal)) {
        return Err(Problem::not_found("The event"));
    }
    keep(&app, &cx, &principal, &event, true).await
}

/// Keeps an event: other name of PUT.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/save",
    tag = TAG,
    operation_id = "saveEventAlias",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 204, description = "It is kept."),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`conflict`"),
    ),
    security(("bearer" = []))
)]
#[deprecated]
pub async fn save_alias(
    state: State<App>,
    cx: Context,
    principal: Principal,
    path: Path<EventId>,
) -> Result<Reply, Problem> {
    save(state, cx, principal, path).await
}

/// Keeps an event no longer.
#[utoipa::path(
    delete,
    path = "/v1/events/{id}/save",
    tag = TAG,
    operation_id = "unsaveEvent",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 204, description = "It is not kept."),
        (status = 409, description = "`conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn unsave(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    // One may let go of what one can no longer see.
    match app.store.find(id).await? {
        Some(event) => keep(&app, &cx, &principal, &event, false).await,
        None => Ok(Reply::no_content()),
    }
}

async fn keep(
    app: &App,
    cx: &Context,
    principal: &Principal,
    event: &Event,
    saved: bool,
) -> Result<Reply, Problem> {
    let user_id = principal.user_id;
    let before = app.store.saved(user_id, event.id).await?;
    if before.as_ref().is_some_and(|before| before.saved) == saved {
        return Ok(Reply::no_content());
    }
    let mut commit = app.store.commit(cx);
    let version = before.as_ref().map_or(0, |before| before.version);
    let item = Saved {
        user_id,
        event_id: event.id,
        saved,
        at: commit.now(),
        version,
    };
    let action = if before.is_some() {
        commit.replace(&item)
    } else {
        commit.create(&item)
    };
    action.or(Problem::new(&CONFLICT).detail("You are doing this twice at the same time."));
    let (title, tags) = (event.details.title.clone(), event.details.tags.clone());
    if saved {
        commit.publish(
            &EventSaved {
                event_id: event.id,
                user_id,
                title,
                tags,
            },
            version + 1,
        );
    } else {
        commit.publish(
            &EventUnsaved {
                event_id: event.id,
                user_id,
                title,
                tags,
            },
            version + 1,
        );
    }
    commit.finish(Reply::no_content()).await
}

/// Lists the events that the caller keeps.
#[utoipa::path(
    get,
    path = "/v1/events/saved",
    tag = TAG,
    operation_id = "listSavedEvents",
    params(Paging),
    responses((status = 200, description = "A page.", body = Listing<EventView>)),
    security(("bearer" = []))
)]
pub async fn list_saved(
    State(app): State<App>,
    principal: Principal,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let binding = Binding::new("/v1/events/saved").caller(principal.user_id);
    let page = PageRequest::new(&paging, binding, 20, 100)?;
    let found = app
        .store
        .saved_by(principal.user_id, page.limit, page.position())
        .await?;
    let ids: Vec<EventId> = found.items.iter().map(|item| item.event_id).collect();
    let mut events = app.store.events_of(&ids).await?;
    events.retain(|event| event.visible_to(Some(&principal)));
    let views = with_counts(&app, Some(&principal), events).await?;
    Ok(Reply::ok(&page.listing(views, found.next))?
        .hashed()
        .revalidated())
}
