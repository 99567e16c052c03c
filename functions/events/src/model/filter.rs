//! What a list of events is asked for.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::card::Card;
use super::event::Event;
use super::place::{Coordinates, distance_km};
use super::status::Status;

/// Everything that must hold; empty lets everything through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Within so many kilometres of a point.
    pub near: Option<(Coordinates, f64)>,
    /// In this city, whatever the case.
    pub city: Option<String>,
    /// Not over before.
    pub from: Option<Timestamp>,
    /// Begins before.
    pub to: Option<Timestamp>,
    /// Takes place on this day, by the clocks where it takes place.
    pub date: Option<Date>,
    /// Has all of these tags.
    pub tags: Vec<String>,
    /// Title, description, tags, venue or city contain all of these words.
    pub words: Vec<String>,
    /// Stands so.
    pub status: Option<Status>,
}

impl Filter {
    /// The words of a search text, folded.
    pub fn words_of(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_lowercase).collect()
    }

    /// Whether an event is wanted.
    pub fn admits(&self, event: &Event) -> bool {
        self.status.is_none_or(|status| status == event.status)
            && self.admits_card(&Card::of(event))
            && self.date.is_none_or(|date| takes_place_on(event, date))
            && self.admits_words(event)
    }

    /// Whether an event may be wanted, as far as its card tells.
    pub fn admits_card(&self, card: &Card) -> bool {
        self.from.is_none_or(|from| card.ends_at >= from)
            && self.to.is_none_or(|to| card.starts_at < to)
            && self.tags.iter().all(|tag| card.tags.contains(tag))
            && (self.city.is_none() || self.city == card.city)
            && self.near.is_none_or(|(point, radius)| {
                card.at
                    .is_some_and(|there| distance_km(point, there) <= radius)
            })
    }

    fn admits_words(&self, event: &Event) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let details = &event.details;
        let venue = details.venue.as_ref();
        let text = [
            details.title.as_str(),
            details.description.as_str(),
            venue.map_or("", |venue| venue.name.as_str()),
            venue.and_then(|venue| venue.city.as_deref()).unwrap_or(""),
        ]
        .join(" ")
        .to_lowercase();
        self.words
            .iter()
            .all(|word| text.contains(word) || details.tags.iter().any(|tag| tag.contains(word)))
    }
}

/// What ends at midnight does not take place on the day that begins then.
fn takes_place_on(event: &Event, date: Date) -> bool {
    let details = &event.details;
    let zone = TimeZone::get(&details.time_zone).unwrap_or(TimeZone::UTC);
    let last = (details.ends_at - SignedDuration::from_nanos(1)).max(details.starts_at);
    details.starts_at.to_zoned(zone.clone()).date() <= date && date <= last.to_zoned(zone).date()
}
