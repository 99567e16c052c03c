//! `POST /v1/events/{id}/check-ins`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::view::RegistrationView;
use super::{App, TAG};
use crate::model::{Event, Registration, RegistrationStatus, Status};
use crate::store::Seats;

/// Who is at the door.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CheckIn {
    /// The person.
    user_id: UserId,
}

/// What to do at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Let in.
    Admitted,
    /// Was let in before.
    AlreadyCheckedIn,
    /// Has no registration.
    NotRegistered,
    /// Waits for a place.
    Waitlisted,
    /// Gave up the registration.
    Cancelled,
    /// The event is not open.
    EventClosed,
}

/// What happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckInResult {
    /// Whether the person is in.
    admitted: bool,
    /// Why, or why not.
    reason: Verdict,
    /// The registration, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<RegistrationView>,
}

impl CheckInResult {
    fn new(reason: Verdict, registration: Option<&Registration>) -> Self {
        Self {
            admitted: matches!(reason, Verdict::Admitted | Verdict::AlreadyCheckedIn),
            reason,
            registration: registration.map(RegistrationView::new),
        }
    }
}

/// Checks an attendee in.
///
/// Doing it again is harmless and says so. Needs the right `event.checkin`.
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
    let (event, _) = app
        .editable(id, &principal, Permission::EventCheckIn)
        .await?;
    let registration = app.store.registration(id, body.user_id).await?;
    let mut commit = app.store.commit(&cx);
    let result = match judge(&event, registration.as_ref()) {
        (Verdict::Admitted, Some(registration)) => {
            let entered = Registration {
                status: RegistrationStatus::CheckedIn,
                checked_in_at: Some(commit.now()),
                updated_at: commit.now(),
                ..registration.clone()
            };
            Seats::of(&event, &mut commit).check_in(&entered);
            CheckInResult::new(Verdict::Admitted, Some(&entered))
        }
        (verdict, registration) => CheckInResult::new(verdict, registration),
    };
    commit.finish(Reply::ok(&result)?).await
}

fn judge<'a>(
    event: &Event,
    registration: Option<&'a Registration>,
) -> (Verdict, Option<&'a Registration>) {
    if event.status != Status::Published && event.status != Status::Completed {
        return (Verdict::EventClosed, registration);
    }
    let verdict = match registration.map(|registration| registration.status) {
        None => Verdict::NotRegistered,
        Some(RegistrationStatus::Confirmed) => Verdict::Admitted,
        Some(RegistrationStatus::CheckedIn) => Verdict::AlreadyCheckedIn,
        Some(RegistrationStatus::Waitlisted) => Verdict::Waitlisted,
        Some(RegistrationStatus::Cancelled) => Verdict::Cancelled,
    };
    (verdict, registration)
}
