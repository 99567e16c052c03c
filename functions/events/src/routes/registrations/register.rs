//! `POST /v1/events/{id}/registrations`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::{EventId, RegistrationId};
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::view::RegistrationView;
use super::super::{App, TAG, over};
use crate::model::{Counts, Event, Registration, RegistrationStatus};
use crate::problems::{ALREADY_REGISTERED, EVENT_FULL, REGISTRATION_CLOSED};
use crate::store::Seats;

/// How often a request looks again when others take the places it saw.
const LOOKS: usize = 4;

/// Registers the caller.
///
/// With a place (`confirmed`), or on the waitlist (`waitlisted`) when the event
/// is full and keeps one. There are never more confirmed than places.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/registrations",
    tag = TAG,
    operation_id = "registerForEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
    ),
    responses(
        (status = 201, description = "The registration.", body = RegistrationView),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`event-full`, `registration-closed`, `already-registered`"),
    ),
    security(("bearer" = []))
)]
pub async fn register(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let mut last = Problem::new(&EVENT_FULL).detail("All places are taken.");
    for _ in 0..LOOKS {
        match attempt(&app, &cx, &principal, id).await {
            // Somebody took the last place between our look and our commit.
            Err(problem) if problem.kind() == &EVENT_FULL => last = problem,
            result => return result,
        }
    }
    Err(last)
}

async fn attempt(
    app: &App,
    cx: &Context,
    principal: &Principal,
    id: EventId,
) -> Result<Reply, Problem> {
    let (event, counts) = app.store.event(id).await?;
    if !event.visible_to(Some(principal)) {
        return Err(Problem::not_found("The event"));
    }
    if !counts.open || over(&event, app.store.now()) {
        return Err(Problem::new(&REGISTRATION_CLOSED));
    }
    let before = app.store.registration(id, principal.user_id).await?;
    let status = status(&event, &counts, before.as_ref())?;
    let mut commit = app.store.commit(cx);
    let registration = Registration {
        id: before
            .as_ref()
            .map_or_else(RegistrationId::new, |before| before.id),
        event_id: id,
        user_id: principal.user_id,
        status,
        created_at: commit.now(),
        updated_at: commit.now(),
        checked_in_at: None,
        waiting: (status == RegistrationStatus::Waitlisted)
            .then(|| format!("{}#{}", commit.now(), RegistrationId::new())),
        version: before.as_ref().map_or(0, |before| before.version),
    };
    let mut seats = Seats::of(&event, &mut commit);
    if status == RegistrationStatus::Confirmed {
        seats.confirm(&registration);
    } else {
        seats.wait(&registration);
    }
    let view = RegistrationView {
        waitlist_position: (status == RegistrationStatus::Waitlisted)
            .then_some(counts.waitlisted as usize + 1),
        ..RegistrationView::new(&registration)
    };
    let location = format!("/v1/events/{id}/registrations/me");
    commit.finish(Reply::created(&view, &location)?).await
}

/// What a registration would be now.
fn status(
    event: &Event,
    counts: &Counts,
    before: Option<&Registration>,
) -> Result<RegistrationStatus, Problem> {
    if let Some(before) = before.filter(|before| before.status != RegistrationStatus::Cancelled) {
        return Err(Problem::new(&ALREADY_REGISTERED)
            .detail(format!("Your registration is {}.", before.status.name()))
            .with("registrationId", before.id.to_string()));
    }
    if counts.has_place() {
        Ok(RegistrationStatus::Confirmed)
    } else if event.details.waitlist {
        Ok(RegistrationStatus::Waitlisted)
    } else {
        // Certain to fail: refused by this plain read, without a transaction.
        let places = counts.capacity.unwrap_or(0);
        Err(Problem::new(&EVENT_FULL).detail(format!("All {places} places are taken.")))
    }
}
