//! Everything that is kept of a person, as one document for them. What is
//! secret, hashes of it and what others said is left out; feedback is nobody's.

mod elsewhere;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shared::cx::Context;
use shared::event::Event as Envelope;
use shared::id::{EventId, UserId};
use shared::objects::Objects;
use shared::personal::Export;
use shared::worker::WorkerError;

use elsewhere::elsewhere;

use crate::model::{
    CheckInList, Event, Filter, KnownVenue, Presence, Registration, RegistrationStatus,
};
use crate::routes::{EventView, FeedView, RegistrationView};
use crate::store::{Owner, Store};

/// How many are read at once.
const AT_ONCE: u32 = 100;

/// A registration, with the event as one knows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnRegistration {
    #[serde(flatten)]
    registration: RegistrationView,
    title: Option<String>,
    starts_at: Option<Timestamp>,
    /// A ticket is the registration and one of these numbers.
    tickets: Vec<u32>,
    check_ins: Vec<CheckIn>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckIn {
    list: String,
    number: u8,
    first_at: Option<Timestamp>,
    entries: u32,
    exits: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnSaved {
    event_id: EventId,
    title: Option<String>,
    since: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnConnection {
    user_id: UserId,
    since: Timestamp,
}

/// Writes the group's part of an export.
pub(super) async fn export(
    store: &Store,
    objects: &dyn Objects,
    event: &Envelope,
    cx: &Context,
) -> Result<(), WorkerError> {
    let mut part = Export::begin(crate::GROUP, event)?;
    let user = part.user();
    part.list("registrations", registrations(store, user).await?)?;
    part.list("savedEvents", saved(store, user).await?)?;
    let calendars = store.feeds_of(user).await?;
    part.list("calendarFeeds", calendars.iter().map(FeedView::new))?;
    let others = elsewhere(store, user).await?;
    let events = own_events(store, user, others.events).await?;
    part.list("events", events)?;
    part.list("historyEntries", others.steps)?;
    let mut venues = own_venues(store, user).await?;
    venues.extend(others.venues);
    part.list("venues", venues)?;
    part.list("doorWork", others.door)?;
    part.list("handOversToYou", others.offered)?;
    part.list("interests", store.interests(user).await?)?;
    part.list("connections", connections(store, user).await?)?;
    part.finish(objects, store.table(), cx, event).await
}

async fn registrations(store: &Store, user: UserId) -> Result<Vec<OwnRegistration>, WorkerError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.registrations_of(user, AT_ONCE, after).await?;
        let ids: Vec<EventId> = page.items.iter().map(|item| item.event_id).collect();
        let events = by_id(store, &ids).await?;
        for registration in &page.items {
            let event = events.get(&registration.event_id);
            all.push(OwnRegistration {
                title: event.map(|event| event.details.title.clone()),
                starts_at: event.map(|event| event.details.starts_at),
                tickets: tickets(registration),
                check_ins: check_ins(store, registration).await?,
                registration: RegistrationView::new(registration),
            });
        }
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

fn tickets(registration: &Registration) -> Vec<u32> {
    if registration.status.may_enter() {
        (1..=registration.quantity).collect()
    } else {
        Vec::new()
    }
}

async fn check_ins(
    store: &Store,
    registration: &Registration,
) -> Result<Vec<CheckIn>, WorkerError> {
    if registration.status != RegistrationStatus::CheckedIn {
        return Ok(Vec::new());
    }
    let event = registration.event_id;
    let admission = store.admission(event).await?;
    let lists = CheckInList::ids_of(&admission);
    let came = store
        .came(event, &lists, registration.id, registration.quantity)
        .await?;
    let each = |presence: Presence| CheckIn {
        list: presence.list,
        number: presence.number,
        first_at: presence.first_at,
        entries: presence.entries,
        exits: presence.exits,
    };
    Ok(came.into_iter().map(each).collect())
}

async fn by_id(store: &Store, ids: &[EventId]) -> Result<BTreeMap<EventId, Event>, WorkerError> {
    let found = store.events_of(ids).await?;
    Ok(found.into_iter().map(|event| (event.id, event)).collect())
}

async fn saved(store: &Store, user: UserId) -> Result<Vec<OwnSaved>, WorkerError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.saved_by(user, AT_ONCE, after).await?;
        let ids: Vec<EventId> = page.items.iter().map(|item| item.event_id).collect();
        let events = by_id(store, &ids).await?;
        all.extend(page.items.iter().map(|item| {
            let event = events.get(&item.event_id);
            OwnSaved {
                event_id: item.event_id,
                title: event.map(|event| event.details.title.clone()),
                since: item.at,
            }
        }));
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// The person's own events, and those that they made in organisations as everybody
/// sees them.
async fn own_events(
    store: &Store,
    user: UserId,
    of_organizations: Vec<Event>,
) -> Result<Vec<EventView>, WorkerError> {
    let (mut all, mut after) = (of_organizations, None);
    loop {
        let owner = Owner::Person(user);
        let page = store
            .list(&owner, &Filter::default(), |_| true, AT_ONCE, after)
            .await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut views = Vec::new();
    for part in all.chunks(AT_ONCE as usize) {
        let ids: Vec<EventId> = part.iter().map(|event| event.id).collect();
        let counts = store.counts_of(&ids).await?;
        for event in part {
            let counts = counts.iter().find(|counts| counts.id == event.id);
            views.extend(counts.map(|counts| match event.organization_id {
                None => EventView::inside(event, counts),
                Some(_) => EventView::new(event, counts),
            }));
        }
    }
    Ok(views)
}

async fn own_venues(store: &Store, user: UserId) -> Result<Vec<KnownVenue>, WorkerError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.venues_of(user, after).await?;
        all.extend(page.items.into_iter().map(|card| card.venue));
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn connections(store: &Store, user: UserId) -> Result<Vec<OwnConnection>, WorkerError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.connections_of(user, after).await?;
        let connected = page.items.into_iter().filter(|side| side.connected);
        all.extend(connected.map(|side| OwnConnection {
            user_id: side.other,
            since: side.since,
        }));
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}
