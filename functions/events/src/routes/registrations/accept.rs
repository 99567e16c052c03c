//! `POST /v1/events/{id}/registrations/me/accept`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::view::RegistrationView;
use super::super::{App, TAG};
use crate::model::{Registration, RegistrationStatus};
use crate::problems::NO_OFFER;
use crate::store::{Guard, Seats};

/// Takes the place that is being offered to the caller, or says that the caller
/// wants the one that an organiser gave.
///
/// Doing it again is harmless. After `offeredUntil` the place goes to the next.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/registrations/me/accept",
    tag = TAG,
    operation_id = "acceptOffer",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "The confirmed registration.", body = RegistrationView),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`no-offer`"),
        (status = 503, description = "`crowded`"),
    ),
    security(("bearer" = []))
)]
pub async fn accept_offer(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let (event, counts, before) = app.store.with_registration(id, principal.user_id).await?;
    let before = before.ok_or_else(|| Problem::not_found("The registration"))?;
    if before.status.may_enter() && before.accepted {
        return Reply::ok(&RegistrationView::new(&before));
    }
    let mut commit = app.store.commit(&cx);
    let now = commit.now();
    if before.status.may_enter() {
        let accepted = Registration {
            accepted: true,
            updated_at: now,
            ..before
        };
        Seats::of(&event, &counts, &mut commit).agree(&accepted);
        let reply = Reply::ok(&RegistrationView::new(&accepted))?;
        return commit.finish(reply).await;
    }
    let open = before.offered_until.is_some_and(|until| now < until);
    if before.status != RegistrationStatus::Offered || !open {
        return Err(Problem::new(&NO_OFFER));
    }
    let accepted: Registration = before.turned(RegistrationStatus::Confirmed, now);
    let mut seats = Seats::of(&event, &counts, &mut commit);
    seats.accept(&accepted);
    seats.settle(Guard::Nothing, Problem::new(&NO_OFFER));
    let reply = Reply::ok(&RegistrationView::new(&accepted))?;
    commit.finish(reply).await
}
