//! Everything that is kept of a person, as one document for them. What is
//! secret, hashes of it and what others said is left out; feedback is nobody's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shared::cx::Context;
use shared::event::Event as Envelope;
use shared::id::{EventId, UserId};
use shared::objects::Objects;
use shared::personal::Export;
use shared::worker::WorkerError;

use crate::model::{
    CheckInList, Direction, Event, Filter, HistoryEntry, KnownVenue, Place, Presence, Registration,
    RegistrationStatus, Scan, Trace, Verdict,
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

/// What the person did at a door; not to whom.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DoorWork {
    event_id: EventId,
    at: Timestamp,
    list: String,
    direction: Direction,
    verdict: Verdict,
}

/// A registration that is offered to the person.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HandOver {
    event_id: EventId,
    expires_at: Timestamp,
}

/// What belongs to others, by the person's traces.
#[derive(Debug, Default)]
struct Elsewhere {
    events: Vec<Event>,
    steps: Vec<HistoryEntry>,
    door: Vec<DoorWork>,
    offered: Vec<HandOver>,
    venues: Vec<KnownVenue>,
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
    let elsewhere = elsewhere(store, user).await?;
    let events = own_events(store, user, elsewhere.events).await?;
    part.list("events", events)?;
    part.list("historyEntries", elsewhere.steps)?;
    let mut venues = own_venues(store, user).await?;
    venues.extend(elsewhere.venues);
    part.list("venues", venues)?;
    part.list("doorWork", elsewhere.door)?;
    part.list("handOversToYou", elsewhere.offered)?;
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

/// The person's own events, and those that they made in organisations.
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
            views.extend(counts.map(|counts| EventView::inside(event, counts)));
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

async fn elsewhere(store: &Store, user: UserId) -> Result<Elsewhere, WorkerError> {
    let (mut all, mut after) = (Elsewhere::default(), None);
    loop {
        let page = store.traces_of(user, after).await?;
        for trace in &page.items {
            all.follow(store, trace).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

impl Elsewhere {
    async fn follow(&mut self, store: &Store, trace: &Trace) -> Result<(), WorkerError> {
        let user = trace.user_id;
        match trace.place {
            Place::Event { event_id } => self.event(store, user, event_id).await,
            Place::Door { event_id } => self.door(store, user, event_id).await,
            Place::Registration { event_id, holder } => {
                let found = store.registration(event_id, holder).await?;
                let open = found.and_then(|registration| registration.transfer);
                let open = open.filter(|open| open.admits(user, None, store.now()));
                self.offered.extend(open.map(|open| HandOver {
                    event_id,
                    expires_at: open.expires_at,
                }));
                Ok(())
            }
            Place::Venue { venue_id } => {
                let found = store.venue(venue_id).await?;
                self.venues
                    .extend(found.filter(|venue| venue.created_by == user));
                Ok(())
            }
        }
    }

    async fn event(&mut self, store: &Store, user: UserId, id: EventId) -> Result<(), WorkerError> {
        let found = store.find(id).await?;
        let theirs = |event: &Event| event.created_by == user && event.organization_id.is_some();
        self.events.extend(found.filter(theirs));
        let mut after = None;
        loop {
            let page = store.history(id, AT_ONCE, after).await?;
            let own = page.items.into_iter();
            self.steps
                .extend(own.filter(|entry| entry.actor_id == Some(user)));
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn door(&mut self, store: &Store, user: UserId, id: EventId) -> Result<(), WorkerError> {
        let mut after = None;
        loop {
            let page = store.scans(id, 1000, after).await?;
            let own = page.items.into_iter().filter(|scan| scan.told_by == user);
            self.door.extend(own.map(|scan: Scan| DoorWork {
                event_id: id,
                at: scan.at,
                list: scan.list,
                direction: scan.direction,
                verdict: scan.verdict,
            }));
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
