//! `POST /v1/events/{id}/registrations/take-over`

use axum::extract::State;
use serde::Deserialize;
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, RegistrationId, UserId};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::view::RegistrationView;
use super::super::{App, TAG, over};
use super::register::free;
use crate::model::{Answers, Counts, Place, Registration, RegistrationStatus, Transfer};
use crate::problems::{REGISTRATION_CLOSED, TRANSFER_GONE};
use crate::store::{Guard, Seats, share, trace};

/// Whose registration to take over, and the answers of whoever takes it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TakeOver {
    /// The code of the letter.
    #[serde(default)]
    code: Option<String>,
    /// Or the user who hands it over to the caller.
    #[serde(default)]
    from_user_id: Option<UserId>,
    /// Answers by question.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    answers: Answers,
    /// Whether the answers to the questions that say so may be used to suggest
    /// people to meet there.
    #[serde(default)]
    matchmaking_consent: bool,
    /// Whether connections may know that the caller goes there.
    #[serde(default)]
    visible_to_connections: bool,
}

/// Takes over a registration that is being handed over to the caller.
///
/// The places change hands in one moment: the tickets of the one who gave it
/// end, and both are told.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/registrations/take-over",
    tag = TAG,
    operation_id = "takeOverRegistration",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = TakeOver,
    responses(
        (status = 201, description = "The caller's registration.", body = RegistrationView),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`transfer-gone`, `already-registered`, `registration-closed`"),
    ),
    security(("bearer" = []))
)]
pub async fn take_over(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(body): Json<TakeOver>,
) -> Result<Reply, Problem> {
    let gone = || Problem::new(&TRANSFER_GONE);
    let owner = match (&body.code, body.from_user_id) {
        (Some(code), None) => Transfer::owner_in(code).ok_or_else(gone)?.0,
        (None, Some(user)) => user,
        _ => {
            let detail = "give code or fromUserId, one of them";
            return Err(Problem::invalid("", "ambiguous", detail));
        }
    };
    let (hall, before) = app.store.entrance(id, principal.user_id).await?;
    let given = app.store.registration(id, owner).await?.ok_or_else(gone)?;
    let now = app.store.now();
    let meant = given
        .transfer
        .as_ref()
        .is_some_and(|transfer| transfer.admits(principal.user_id, body.code.as_deref(), now));
    if given.status != RegistrationStatus::Confirmed || !meant {
        return Err(gone());
    }
    if !hall.counts.open || over(&hall.event, now) {
        return Err(Problem::new(&REGISTRATION_CLOSED));
    }
    free(before.as_ref())?;
    hall.admission.answered(&given.ticket_type, &body.answers)?;
    let taken = Registration {
        // Tickets name the registration: a fresh one makes the old ones void.
        id: RegistrationId::new(),
        version: before.as_ref().map_or(0, |before| before.version),
        transfers: before.as_ref().map_or(0, |before| before.transfers),
        offered_to: before.map_or_else(Vec::new, |before| before.offered_to),
        ticket_type: given.ticket_type.clone(),
        quantity: given.quantity,
        answers: body.answers,
        matchmaking_consent: body.matchmaking_consent,
        visible_to_connections: body.visible_to_connections,
        ..Registration::new(id, principal.user_id, RegistrationStatus::Confirmed, now)
    };
    // So that who claimed what a guest had is not registered a second time.
    let claimed = given.guest.is_some().then_some(principal.user_id);
    let ended = Registration {
        handed_to: claimed,
        ..given.turned(RegistrationStatus::Cancelled, now)
    };
    let mut commit = app.store.commit(&cx);
    // A cancelled event's registrations are being ended: none is added then.
    commit
        .check(Counts::key_of(id))
        .when("#open = :open")
        .bind(":open", true)
        .or(Problem::new(&REGISTRATION_CLOSED));
    if let Some(claimant) = claimed {
        let place = Place::Registration {
            event_id: id,
            holder: owner,
        };
        trace(&mut commit, claimant, place);
    }
    share(&mut commit, &hall, &taken);
    let mut seats = Seats::of(&hall.event, &hall.counts, &mut commit);
    let reason = "It was handed over to somebody else, as you wanted.";
    seats.hand_over(&ended, &taken, reason.to_owned());
    seats.settle(Guard::Nothing, gone());
    let location = format!("/v1/events/{id}/registrations/me");
    let reply = Reply::created(&RegistrationView::new(&taken), &location)?;
    commit.finish(reply).await
}
