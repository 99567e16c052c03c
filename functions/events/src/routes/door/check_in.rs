//! `POST /v1/events/{id}/check-ins`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::view::RegistrationView;
use super::super::{App, TAG};
use super::scan::{Door, Outcome, Shown, Told};
use super::{list, mark};
use crate::model::{Direction, Verdict};

/// Who is at the door: somebody with a ticket, or somebody who is known.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CheckIn {
    /// The text of the ticket's QR code.
    #[serde(default)]
    #[schema(max_length = 256)]
    ticket: Option<String>,
    /// Or the person.
    #[serde(default)]
    user_id: Option<UserId>,
    /// Which of the registration's places; with `userId` only, 1 unless given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 20)]
    number: Option<u8>,
    /// The check-in list; the first unless given.
    #[serde(default)]
    list: Option<String>,
    /// Which way.
    #[serde(default)]
    direction: Direction,
    /// The device's own name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64, example = "door-3")]
    device: Option<String>,
    /// The device's mark of this scan, unlike that of every other: a UUID. Sent
    /// again it gets the same answer, so that a second use of the ticket is told
    /// from an answer that was lost.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    nonce: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckInResult {
    /// Whether to let the person in. `false` for a second use of a ticket on a
    /// list that admits once.
    admitted: bool,
    /// Why, or why not.
    reason: Verdict,
    /// The registration, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<RegistrationView>,
}

impl CheckInResult {
    fn new(outcome: &Outcome) -> Self {
        let view = |registration| RegistrationView::new(registration).for_the_door();
        Self {
            admitted: outcome.verdict.admitted(),
            reason: outcome.verdict,
            registration: outcome.registration.as_ref().map(view),
        }
    }
}

/// Checks an attendee in, or out.
///
/// A refusal is an answer, not an error: `reason` says why. A ticket that was
/// used before is `already-checked-in`, not admitted, and is kept as a second
/// use; whoever lost an answer sends the same `device` and `nonce` again, and
/// gets the first. Needs the right `event.checkin`.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/check-ins",
    tag = TAG,
    operation_id = "checkIn",
    params(
        ("id" = EventId, Path, description = "The event."),
    ),
    request_body = CheckIn,
    responses(
        (status = 200, description = "What to do at the door.", body = CheckInResult),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`nonce-taken`"),
        (status = 503, description = "`crowded`"),
    ),
    security(("bearer" = []))
)]
pub async fn check_in(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(body): Json<CheckIn>,
) -> Result<Reply, Problem> {
    let (event, counts) = app
        .editable(id, &principal, Permission::EventCheckIn)
        .await?;
    let shown = match (body.ticket, body.user_id) {
        (Some(ticket), None) if body.number.is_none() => Shown::Ticket(ticket),
        (None, Some(user)) => Shown::Person(user, body.number.unwrap_or(1)),
        _ => {
            let detail = "give ticket, or userId and perhaps number";
            return Err(Problem::invalid("", "ambiguous", detail));
        }
    };
    let admission = app.store.admission(id).await?;
    let door = Door {
        event,
        counts,
        list: list(&admission, body.list.as_deref())?,
        told_by: principal.user_id,
    };
    let (device, nonce) = match (body.device, body.nonce) {
        (Some(device), Some(nonce)) => (device, Some(nonce)),
        (None, None) => ("online".to_owned(), None),
        _ => {
            let detail = "give device and nonce, or none of them";
            return Err(Problem::invalid("", "ambiguous", detail));
        }
    };
    mark("/device", &device)?;
    if let Some(nonce) = &nonce {
        mark("/nonce", nonce)?;
    }
    let told = Told {
        shown,
        direction: body.direction,
        device,
        keep: nonce.is_some(),
        nonce: nonce.unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        at: app.store.now(),
        live: true,
    };
    let reply = |outcome: &Outcome| Reply::ok(&CheckInResult::new(outcome));
    app.stands_at(&cx, &door).await?;
    app.scanned(&cx, &door, &told, reply).await
}
