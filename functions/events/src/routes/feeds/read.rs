//! `GET /v1/events/calendars/{secret}`

use std::collections::BTreeMap;

use axum::extract::State;
use http::header::CONTENT_DISPOSITION;
use shared::access::UserAccess;
use shared::http::{Path, Reply};
use shared::id::EventId;
use shared::problem::Problem;

use super::super::{App, TAG};
use crate::model::{Calendar, Event, Feed, Include, Secret, Standing, distinct, standing};

/// Reads a secret calendar.
///
/// Its address is the only credential. It shows the newest 200 registrations
/// and the newest 200 saved events; what was cancelled stays, as cancelled.
#[utoipa::path(
    get,
    path = "/v1/events/calendars/{secret}",
    tag = TAG,
    operation_id = "readCalendarFeed",
    params(("secret" = String, Path, description = "The secret; `.ics` may follow.")),
    responses(
        (status = 200, description = "iCalendar (RFC 5545).", body = String, content_type = "text/calendar"),
        (status = 404, description = "`not-found`"),
    ),
    security(())
)]
pub async fn read_feed(
    State(app): State<App>,
    Path(secret): Path<String>,
) -> Result<Reply, Problem> {
    let none = || Problem::not_found("The calendar");
    let feed = app
        .store
        .feed_behind(&Secret::of(&secret))
        .await?
        .ok_or_else(none)?;
    let owner: Option<UserAccess> = app
        .access
        .get_consistent(&UserAccess::key_of(feed.user_id))
        .await?;
    if owner.is_some_and(|owner| owner.suspended) {
        return Err(none());
    }
    let mut calendar = Calendar::of_many(&app.public_url, &feed.name);
    for (event, standing) in shown(&app, &feed).await? {
        calendar.add(&event, standing);
    }
    let reply = Reply::text("text/calendar; charset=utf-8", calendar.finish());
    Ok(reply
        .hashed()
        .header(CONTENT_DISPOSITION, "inline; filename=\"plenary.ics\"")
        .revalidated())
}

/// The events of a calendar by time, with what each is to its owner. Only what
/// is public: a member who left an organisation keeps no view into it.
async fn shown(app: &App, feed: &Feed) -> Result<Vec<(Event, Standing)>, Problem> {
    let store = &app.store;
    let registrations = if feed.shows(Include::Registered) {
        store.newest_registrations(feed.user_id).await?
    } else {
        Vec::new()
    };
    let saved = if feed.shows(Include::Saved) {
        store.newest_saved(feed.user_id).await?
    } else {
        Vec::new()
    };
    let by_event: BTreeMap<EventId, _> = registrations
        .iter()
        .map(|registration| (registration.event_id, registration))
        .collect();
    let ids = distinct(by_event.keys().copied().chain(saved.iter().copied()));
    let mut shown: Vec<(Event, Standing)> = store
        .events_of(&ids)
        .await?
        .into_iter()
        .filter(|event| event.visible_to(None) && feed.admits(event))
        .filter_map(|event| {
            let registered = by_event
                .get(&event.id)
                .and_then(|registration| standing(registration, &event));
            let kept = saved.contains(&event.id).then_some(Standing::Perhaps);
            let standing = registered.or(kept)?;
            Some((event, standing))
        })
        .collect();
    shown.sort_by_key(|(event, _)| event.time_key());
    Ok(shown)
}
