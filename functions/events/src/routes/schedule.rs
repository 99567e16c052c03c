//! `GET /v1/events/schedule`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use shared::http::Reply;
use shared::id::EventId;
use shared::page::Listing;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::list::with_counts;
use super::view::EventView;
use super::{App, TAG, over};
use crate::model::{Event, Registration, RegistrationStatus, Status, distinct, overlaps};

/// What an event is to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Has a place.
    Registered,
    /// Waits for one.
    Waitlisted,
    /// Is offered one, and must take it in time.
    Offered,
    /// Keeps it.
    Saved,
}

/// An event in the caller's schedule.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Appointment {
    /// The event.
    event: EventView,
    /// What it is to the caller.
    standing: Standing,
    /// What else in the schedule is at the same time. An event and its own
    /// sessions do not clash.
    clashes_with: Vec<EventId>,
}

/// Reads the caller's schedule: what is ahead, by time, with what clashes.
///
/// Of the newest 200 registrations and the newest 200 saved events.
#[utoipa::path(
    get,
    path = "/v1/events/schedule",
    tag = TAG,
    operation_id = "getMySchedule",
    responses((status = 200, description = "All of it.", body = Listing<Appointment>)),
    security(("bearer" = []))
)]
pub async fn schedule(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let user = principal.user_id;
    let registrations = app.store.newest_registrations(user).await?;
    let saved = app.store.newest_saved(user).await?;
    let standings: BTreeMap<EventId, Standing> = saved
        .iter()
        .map(|id| (*id, Standing::Saved))
        .chain(registrations.iter().filter_map(standing))
        .collect();
    let now = app.store.now();
    let ids = distinct(standings.keys().copied());
    let mut events = app.store.events_of(&ids).await?;
    events.retain(|event| {
        event.visible_to(Some(&principal)) && !over(event, now) && event.status != Status::Cancelled
    });
    events.sort_by_key(Event::time_key);
    let clashes = clashes(&events);
    let views = with_counts(&app, Some(&principal), events).await?;
    let items = views
        .into_iter()
        .filter_map(|event| {
            Some(Appointment {
                standing: *standings.get(&event.id)?,
                clashes_with: clashes.get(&event.id).cloned().unwrap_or_default(),
                event,
            })
        })
        .collect();
    let listing = Listing {
        items,
        next_cursor: None,
    };
    Ok(Reply::ok(&listing)?.hashed().revalidated())
}

fn standing(registration: &Registration) -> Option<(EventId, Standing)> {
    let standing = match registration.status {
        RegistrationStatus::Cancelled => return None,
        RegistrationStatus::Waitlisted => Standing::Waitlisted,
        RegistrationStatus::Offered => Standing::Offered,
        RegistrationStatus::Confirmed | RegistrationStatus::CheckedIn => Standing::Registered,
    };
    Some((registration.event_id, standing))
}

fn clashes(events: &[Event]) -> BTreeMap<EventId, Vec<EventId>> {
    let mut clashes: BTreeMap<EventId, Vec<EventId>> = BTreeMap::new();
    for (a, b) in overlaps(events) {
        let family = a.details.parent_id == Some(b.id) || b.details.parent_id == Some(a.id);
        if !family {
            clashes.entry(a.id).or_default().push(b.id);
            clashes.entry(b.id).or_default().push(a.id);
        }
    }
    clashes
}
