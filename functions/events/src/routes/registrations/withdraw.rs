//! `DELETE /v1/events/{id}/registrations`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::looks::looking_again;
use super::super::{App, TAG};
use crate::model::RegistrationStatus;
use crate::store::HEIRS;

/// Gives up the caller's registration, place on the waitlist, or offer.
///
/// What becomes free goes to those who wait, in the same moment.
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
        (status = 503, description = "`crowded`"),
    ),
    security(("bearer" = []))
)]
pub async fn withdraw(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    give_up(&app, &cx, id, principal.user_id, None).await
}

/// Ends somebody's registration, for `reason` if it is not their own wish.
pub(super) async fn give_up(
    app: &App,
    cx: &Context,
    id: EventId,
    user: UserId,
    reason: Option<&str>,
) -> Result<Reply, Problem> {
    looking_again(cx, || attempt(app, cx, id, user, reason)).await
}

async fn attempt(
    app: &App,
    cx: &Context,
    id: EventId,
    user: UserId,
    reason: Option<&str>,
) -> Result<Reply, Problem> {
    let read = Box::pin(futures::future::try_join(
        app.store.hall(id, HEIRS),
        app.store.registration(id, user),
    ));
    let (Some(hall), Some(before)) = read.await? else {
        return Err(Problem::not_found("The registration"));
    };
    match before.status {
        RegistrationStatus::Cancelled => return Ok(Reply::no_content()),
        RegistrationStatus::CheckedIn => {
            let who = if reason.is_some() {
                "The person has"
            } else {
                "You have"
            };
            return Err(Problem::forbidden(format!(
                "{who} been checked in already."
            )));
        }
        RegistrationStatus::Confirmed
        | RegistrationStatus::Waitlisted
        | RegistrationStatus::Offered => {}
    }
    let mut commit = app.store.commit(cx);
    let reason = reason.map(str::to_owned);
    app.store
        .release(&mut commit, &hall, &before, reason)
        .await?;
    commit.finish(Reply::no_content()).await
}
