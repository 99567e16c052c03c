//! `GET /v1/events.ics`

use axum::extract::State;
use shared::http::{Query, Reply};
use shared::principal::Principal;
use shared::problem::Problem;

use super::format::calendar;
use super::list::{ListEvents, found};
use super::{App, TAG};
use crate::model::{Calendar, Standing};

/// How many events the calendar shows at most.
const MOST: u32 = 200;

/// Lists events as a calendar.
///
/// Takes the same filters as the list. It shows the first 200 events that
/// match (fewer where the filter leaves out most of what was read); narrow it
/// by `organizationId`, `tag`, `city` or `from`. There are no further pages.
#[utoipa::path(
    get,
    path = "/v1/events.ics",
    tag = TAG,
    operation_id = "listEventsAsCalendar",
    params(ListEvents),
    responses(
        (status = 200, description = "iCalendar (RFC 5545).", body = String, content_type = "text/calendar"),
        (status = 403, description = "`forbidden`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn list_as_calendar(
    State(app): State<App>,
    principal: Option<Principal>,
    Query(query): Query<ListEvents>,
) -> Result<Reply, Problem> {
    let reader = principal.as_ref();
    let query = query.unpaged();
    let (_, found) = found(&app, "/v1/events.ics", reader, &query, (MOST, MOST)).await?;
    let mut text = Calendar::of_many(&app.public_url, "Plenary");
    for event in &found.items {
        text.add(event, Standing::Announced);
    }
    Ok(calendar(text.finish(), "events", reader))
}
