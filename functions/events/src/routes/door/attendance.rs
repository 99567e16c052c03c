//! `GET /v1/events/{id}/check-ins`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{Path, Query, Reply};
use shared::id::{EventId, RegistrationId};
use shared::page::{Binding, PageRequest, Paging};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::super::{App, TAG};
use super::list;
use crate::model::Presence;

/// Which list, and which page of it.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The check-in list; the first unless given.
    #[serde(default)]
    list: Option<String>,
    /// How many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// One ticket at the door.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceView {
    /// Of which registration.
    registration_id: RegistrationId,
    /// Which of its places.
    number: u8,
    /// The earliest entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    first_at: Option<Timestamp>,
    /// Scans on the way in.
    entries: u32,
    /// Scans on the way out.
    exits: u32,
    /// Whether the person is inside.
    inside: bool,
    /// Second uses that were refused.
    refused: u32,
    /// It was shown for entry more than once on a list that admits once: to two
    /// devices without a network, or a ticket that was copied.
    used_twice: bool,
}

/// Who came, on one list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttendanceView {
    /// The list.
    list: String,
    /// Tickets that came in at least once.
    admitted: u32,
    /// Who is inside now.
    inside: u32,
    /// A page of the tickets.
    items: Vec<PresenceView>,
    /// Send it as `cursor` for the next page; `null` at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Reads who came, on one check-in list. Needs the right `event.checkin`.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/check-ins",
    tag = TAG,
    operation_id = "getAttendance",
    params(("id" = EventId, Path, description = "The event."), Which),
    responses(
        (status = 200, description = "Who came.", body = AttendanceView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn get_attendance(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
    Query(which): Query<Which>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventCheckIn)
        .await?;
    let admission = app.store.admission(id).await?;
    let list = list(&admission, which.list.as_deref())?;
    let paging = Paging {
        limit: which.limit,
        cursor: which.cursor,
    };
    let binding = Binding::new("/v1/events/{id}/check-ins")
        .caller(principal.user_id)
        .filter("event", id)
        .filter("list", &list.id);
    let page = PageRequest::new(&paging, binding, 50, 200)?;
    let (attendance, found) = Box::pin(futures::future::try_join(
        app.store.attendance(id, &list.id),
        app.store
            .presences(id, &list.id, page.limit, page.position()),
    ))
    .await?;
    let view = |presence: &Presence| PresenceView {
        registration_id: presence.registration_id,
        number: presence.number,
        first_at: presence.first_at,
        entries: presence.entries,
        exits: presence.exits,
        inside: presence.inside,
        refused: presence.refused,
        used_twice: presence.used_twice(&list),
    };
    let listing = page.listing(found.items.iter().map(view).collect(), found.next);
    Reply::ok(&AttendanceView {
        list: list.id.clone(),
        admitted: attendance.admitted,
        inside: attendance.inside,
        items: listing.items,
        next_cursor: listing.next_cursor,
    })
}
