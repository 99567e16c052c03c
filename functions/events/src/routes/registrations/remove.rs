//! `DELETE /v1/events/{id}/attendees/{userId}`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::super::{App, TAG};
use super::withdraw::give_up;

/// Ends somebody's registration, for the event's organisers.
///
/// The person is told; what becomes free goes to those who wait.
#[utoipa::path(
    delete,
    path = "/v1/events/{id}/attendees/{userId}",
    tag = TAG,
    operation_id = "removeAttendee",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("userId" = UserId, Path, description = "The registration's `userId`."),
    ),
    responses(
        (status = 204, description = "There is no registration any more."),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 503, description = "`crowded`"),
    ),
    security(("bearer" = []))
)]
pub async fn remove_attendee(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, user)): Path<(EventId, UserId)>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventEdit).await?;
    give_up(
        &app,
        &cx,
        id,
        user,
        Some("The organiser cancelled your registration."),
    )
    .await
}
