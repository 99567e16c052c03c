//! `DELETE /v1/events/{id}/registrations`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::{CONFLICT, Problem};

use super::super::{App, TAG};
use crate::model::{Registration, RegistrationStatus};
use crate::store::Seats;

/// How often a request looks again when the waitlist moves under it.
const LOOKS: usize = 8;

/// Gives up the caller's registration.
///
/// A freed place goes to the first on the waitlist in the same moment.
#[utoipa::path(
    delete,
    path = "/v1/events/{id}/registrations",
    tag = TAG,
    operation_id = "withdrawFromEvent",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 204, description = "There is no registration any more."),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn withdraw(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let mut last = Problem::new(&CONFLICT);
    for _ in 0..LOOKS {
        match attempt(&app, &cx, &principal, id).await {
            Err(problem) if problem.kind() == &CONFLICT => last = problem,
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
    let event = app.store.find(id).await?;
    let before = app.store.registration(id, principal.user_id).await?;
    let (Some(event), Some(before)) = (event, before) else {
        return Err(Problem::not_found("The registration"));
    };
    match before.status {
        RegistrationStatus::Cancelled => return Ok(Reply::no_content()),
        RegistrationStatus::CheckedIn => {
            return Err(Problem::forbidden("You have been checked in already."));
        }
        RegistrationStatus::Confirmed | RegistrationStatus::Waitlisted => {}
    }
    let heir = match before.status {
        RegistrationStatus::Confirmed => app.store.first_waiting(id).await?,
        _ => None,
    };
    let mut commit = app.store.commit(cx);
    let now = commit.now();
    let cancelled = Registration {
        status: RegistrationStatus::Cancelled,
        updated_at: now,
        ..before.clone()
    };
    let heir = heir.map(|heir| Registration {
        status: RegistrationStatus::Confirmed,
        updated_at: now,
        ..heir
    });
    Seats::of(&event, &mut commit).cancel(before.status, &cancelled, heir.as_ref(), None);
    commit.finish(Reply::no_content()).await
}
