//! Cards of events on shelves: small copies by which events are found. Each
//! shelf holds its cards by time, so that a search reads a few hundred bytes
//! for an event that it passes over, and only what is wanted whole.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{EventId, VenueId};
use shared::table::{Entity, Key};

use super::area::{Size, around};
use super::event::Event;
use super::filter::Filter;
use super::place::Coordinates;
use super::session::Speaker;
use super::status::Status;

/// What lasts longer stands on shelves of its own: the others are searched
/// from no earlier than this before the wanted time.
const LONG: SignedDuration = SignedDuration::from_hours(24 * 7);
/// No event lasts longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// A card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// Where it stands.
    pub shelf: String,
    /// Which event.
    pub event_id: EventId,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Its city, folded.
    #[serde(default)]
    pub city: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub at: Option<Coordinates>,
    /// Where it stands; on the shelf of a programme.
    #[serde(default)]
    pub status: Option<Status>,
    /// The room; on the shelf of a programme.
    #[serde(default)]
    pub room: Option<String>,
    /// Who speaks; on the shelf of a programme.
    #[serde(default)]
    pub speakers: Vec<Speaker>,
}

impl Card {
    /// What a card says of an event, on no shelf yet.
    pub fn of(event: &Event) -> Self {
        let details = &event.details;
        let venue = details.venue.as_ref();
        Self {
            shelf: String::new(),
            event_id: event.id,
            starts_at: details.starts_at,
            ends_at: details.ends_at,
            tags: details.tags.clone(),
            city: venue
                .and_then(|venue| venue.city.as_deref())
                .map(str::to_lowercase),
            at: venue.and_then(|venue| venue.coordinates),
            status: None,
            room: None,
            speakers: Vec::new(),
        }
    }

    /// Every card of an event, by key.
    pub fn all_of(event: &Event) -> BTreeMap<Key, Self> {
        let card = Self::of(event);
        let part = event.details.parent_id.map(|parent| Self {
            shelf: shelf_of_parent(parent),
            status: Some(event.status),
            room: event.details.room.clone(),
            speakers: event.details.speakers.clone(),
            ..card.clone()
        });
        shelves_of(event, &card)
            .into_iter()
            .map(|shelf| Self {
                shelf,
                ..card.clone()
            })
            .chain(part)
            .map(|card| (card.key(), card))
            .collect()
    }

    /// How the cards of a shelf sort.
    pub fn order(&self) -> String {
        format!("{}#{}", self.starts_at, self.event_id)
    }
}

impl Entity for Card {
    const KIND: &'static str = "card";

    fn key(&self) -> Key {
        Key::new(format!("FIND#{}", self.shelf), self.order())
    }
}

/// The shelf of everything that takes place at a venue, whatever its status.
pub fn shelf_of_venue(venue: VenueId) -> String {
    format!("VENUE#{venue}")
}

/// The shelf of an event's programme, whatever the status of its parts.
pub fn shelf_of_parent(parent: EventId) -> String {
    format!("PARENT#{parent}")
}

fn shelves_of(event: &Event, card: &Card) -> Vec<String> {
    let mut shelves = Vec::new();
    let over = matches!(event.status, Status::Cancelled | Status::Completed);
    if let Some(venue) = event.details.venue_id.filter(|_| !over) {
        shelves.push(shelf_of_venue(venue));
    }
    let session = event.details.parent_id.is_some() && !event.details.stands_alone;
    if event.status != Status::Published || session {
        return shelves;
    }
    let long = if card.ends_at.duration_since(card.starts_at) > LONG {
        "#LONG"
    } else {
        ""
    };
    shelves.push(format!("ALL{long}"));
    shelves.extend(card.tags.iter().map(|tag| format!("TAG#{tag}{long}")));
    shelves.extend(card.city.iter().map(|city| format!("CITY#{city}{long}")));
    if let Some(at) = card.at {
        // Cells hold few events: long ones stand among the others.
        shelves.extend(Size::ALL.map(|size| format!("AREA#{}", size.cell(at))));
    }
    shelves
}

/// A stretch of a shelf: the sort keys from `first` to `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The partition.
    pub pk: String,
    /// The first key.
    pub first: String,
    /// The last key.
    pub last: String,
}

/// Where to look for what a filter wants: the shelf that it names most
/// narrowly, in the stretch that its time leaves over.
pub fn stretches(filter: &Filter) -> Vec<Stretch> {
    let stretch = |shelf: String, before: SignedDuration| Stretch {
        pk: format!("FIND#{shelf}"),
        first: filter
            .from
            .and_then(|from| from.checked_sub(before).ok())
            .map_or_else(|| "0".to_owned(), |from| from.to_string()),
        // Keys go on behind the instant, so that it is itself left out.
        last: filter
            .to
            .map_or_else(|| "9999".to_owned(), |to| to.to_string()),
    };
    if let Some(cells) = filter
        .near
        .and_then(|(point, radius)| around(point, radius))
    {
        return cells
            .into_iter()
            .map(|cell| stretch(format!("AREA#{cell}"), LONGEST))
            .collect();
    }
    let shelf = match (&filter.city, filter.tags.first()) {
        (Some(city), _) => format!("CITY#{city}"),
        (None, Some(tag)) => format!("TAG#{tag}"),
        (None, None) => "ALL".to_owned(),
    };
    vec![
        stretch(shelf.clone(), LONG),
        stretch(format!("{shelf}#LONG"), LONGEST),
    ]
}
