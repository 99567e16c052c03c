//! `GET /v1/events/{id}`

use axum::extract::State;
use shared::http::{Path, Query, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::format::{EventName, Format, Wanted, calendar, kept};
use super::view::EventView;
use super::{App, TAG};
use crate::model::{Calendar, json_ld};

const JSONLD: &str = "application/ld+json";

/// Reads an event.
///
/// Everybody sees what is or was published; drafts are seen inside. With
/// `.ics` behind the id, or `?format=ics`, it comes as iCalendar; with
/// `?format=jsonld` as schema.org/Event.
#[utoipa::path(
    get,
    path = "/v1/events/{id}",
    tag = TAG,
    operation_id = "getEvent",
    params(("id" = EventId, Path, description = "The event; `.ics` may follow."), Wanted),
    responses(
        (status = 200, description = "The event.", content(
            (EventView = "application/json"),
            (String = "text/calendar"),
            (serde_json::Value = "application/ld+json"),
        )),
        (status = 404, description = "`not-found`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn get(
    State(app): State<App>,
    principal: Option<Principal>,
    Path(name): Path<EventName>,
    Query(wanted): Query<Wanted>,
) -> Result<Reply, Problem> {
    let format = name.format(wanted)?;
    let (event, counts) = app.store.event(name.id).await?;
    let reader = principal.as_ref();
    if !event.visible_to(reader) {
        return Err(Problem::not_found("The event"));
    }
    match format {
        Format::Json => {
            let view = EventView::seen_by(reader, &event, &counts);
            Ok(kept(Reply::ok(&view)?.tag(&view.etag()), reader))
        }
        Format::Ics => {
            let text = Calendar::single(&app.public_url, &event);
            Ok(calendar(text, &event.id.to_string(), reader))
        }
        Format::Jsonld => {
            let admission = app.store.admission(name.id).await?;
            let data = json_ld(&event, &counts, &admission.ticket_types, &app.public_url);
            Ok(kept(Reply::text(JSONLD, data.to_string()).hashed(), reader))
        }
    }
}
