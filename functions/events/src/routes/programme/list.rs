//! `GET /v1/events/{id}/programme`

use axum::extract::State;
use serde::Deserialize;
use shared::http::{Path, Query, Reply};
use shared::id::EventId;
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::IntoParams;

use super::super::format::{Format, calendar, kept};
use super::super::list::with_counts;
use super::super::view::EventView;
use super::super::{App, TAG};
use crate::model::{Calendar, Event, Standing};

/// How many sessions a calendar shows.
const MOST: u32 = 200;

/// Which part of the programme.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListProgramme {
    /// Of this track.
    #[serde(default)]
    track: Option<String>,
    /// In this room.
    #[serde(default)]
    room: Option<String>,
    /// In which form: `json` or `ics`.
    #[serde(default)]
    #[param(inline)]
    format: Option<Format>,
    /// How many at most: 50 unless given, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl ListProgramme {
    fn admits(&self, event: &Event) -> bool {
        let is = |wanted: &Option<String>, there: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                there
                    .as_ref()
                    .is_some_and(|there| there.to_lowercase() == wanted.trim().to_lowercase())
            })
        };
        is(&self.track, &event.details.track) && is(&self.room, &event.details.room)
    }
}

/// Lists an event's sessions, or the editions of a series, by time.
///
/// Everybody sees what is published; those inside see drafts too. With
/// `?format=ics` the first 200 come as iCalendar.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/programme",
    tag = TAG,
    operation_id = "getProgramme",
    params(("id" = EventId, Path, description = "The event."), ListProgramme),
    responses(
        (status = 200, description = "A page.", content(
            (Listing<EventView> = "application/json"),
            (String = "text/calendar"),
        )),
        (status = 404, description = "`not-found`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn programme(
    State(app): State<App>,
    principal: Option<Principal>,
    Path(id): Path<EventId>,
    Query(query): Query<ListProgramme>,
) -> Result<Reply, Problem> {
    let reader = principal.as_ref();
    let (parent, _) = app.store.event(id).await?;
    if !parent.visible_to(reader) {
        return Err(Problem::not_found("The event"));
    }
    let caller = reader.map_or_else(String::new, |reader| reader.user_id.to_string());
    let binding = Binding::new("/v1/events/{id}/programme")
        .caller(caller)
        .filter("event", id)
        .filter("part", format!("{:?}/{:?}", query.track, query.room));
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let ics = match query.format.unwrap_or_default() {
        Format::Json => false,
        Format::Ics => true,
        Format::Jsonld => {
            let detail = "is for single events";
            return Err(Problem::invalid("?format", "unknown", detail));
        }
    };
    let (default, most) = if ics { (MOST, MOST) } else { (50, 100) };
    let page = PageRequest::new(&paging, binding, default, most)?;
    let wanted = |event: &Event| event.visible_to(reader) && query.admits(event);
    let found = app
        .store
        .programme(id, wanted, page.limit, page.position())
        .await?;
    if ics {
        let mut text = Calendar::of_many(&app.public_url, &parent.details.title);
        for event in &found.items {
            text.add(event, Standing::Announced);
        }
        return Ok(calendar(text.finish(), "programme", reader));
    }
    let views = with_counts(&app, reader, found.items).await?;
    let reply = Reply::ok(&page.listing(views, found.next))?;
    Ok(kept(reply.hashed(), reader))
}
