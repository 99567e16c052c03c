//! Events as iCalendar (RFC 5545, with RFC 7986).

use shared::event::events::CalendarDetails;
use shared::ical::{self, Entry, Method, escape};

use super::event::Event;
use super::place::Venue;
use super::status::Status;

/// How much of a description stands in a calendar of many events.
const EXCERPT: usize = 600;

/// What an event is to the reader of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is announced.
    Announced,
    /// The reader goes there: the time is taken.
    Going,
    /// The reader may go there: waits for a place, or keeps the event.
    Perhaps,
}

/// A calendar in the making.
#[derive(Debug)]
pub struct Calendar<'a> {
    public_url: &'a str,
    text: ical::Calendar,
    excerpts: bool,
}

impl<'a> Calendar<'a> {
    /// One event by itself: the message that publishes or cancels it.
    pub fn single(public_url: &'a str, event: &Event) -> String {
        let method = match event.status {
            Status::Cancelled => Method::Cancel,
            _ => Method::Publish,
        };
        let mut calendar = Self::begin(public_url, method);
        calendar.add(event, Standing::Announced);
        calendar.finish()
    }

    /// A calendar of many, which programs fetch again and again.
    pub fn of_many(public_url: &'a str, name: &str) -> Self {
        let mut calendar = Self::begin(public_url, Method::Publish);
        calendar.excerpts = true;
        let text = &mut calendar.text;
        text.text("NAME", name);
        text.text("X-WR-CALNAME", name);
        text.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
        text.line("X-PUBLISHED-TTL", "PT1H");
        calendar
    }

    fn begin(public_url: &'a str, method: Method) -> Self {
        Self {
            public_url,
            text: ical::Calendar::begin(method),
            excerpts: false,
        }
    }

    /// Adds an event.
    pub fn add(&mut self, event: &Event, standing: Standing) {
        let (details, base) = (&event.details, self.public_url);
        let entry = Entry {
            uid: &event.id.to_string(),
            // With PUBLISH and CANCEL this is when the object was last changed; a
            // constant text for an unchanged event keeps the ETag.
            stamp: event.updated_at,
            sequence: event.sequence,
            starts_at: details.starts_at,
            ends_at: details.ends_at,
            summary: &details.title,
            location: &event.location(),
            url: &format!("{base}/v1/events/{}", event.id),
        };
        let description = if self.excerpts {
            excerpt(&details.description)
        } else {
            details.description.clone()
        };
        self.text.event(&entry, |text| {
            text.time("CREATED", event.created_at);
            text.time("LAST-MODIFIED", event.updated_at);
            if !description.is_empty() {
                text.text("DESCRIPTION", &description);
            }
            let venue = details.venue.as_ref();
            if let Some(at) = venue.and_then(|venue| venue.coordinates) {
                text.line("GEO", &format!("{:.6};{:.6}", at.lat, at.lng));
            }
            if !details.tags.is_empty() {
                let tags: Vec<String> = details.tags.iter().map(|tag| escape(tag)).collect();
                text.line("CATEGORIES", &tags.join(","));
            }
            if let Some(parent) = details.parent_id {
                text.line("RELATED-TO;RELTYPE=PARENT", &parent.to_string());
            }
            text.line("ORGANIZER", &organizer(base, event));
            text.line("STATUS", status(event.status, standing));
            let busy = standing == Standing::Going && event.status != Status::Cancelled;
            text.line("TRANSP", if busy { "OPAQUE" } else { "TRANSPARENT" });
        });
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text.finish()
    }
}

impl Event {
    /// Room and venue on one line; empty where neither is known.
    pub fn location(&self) -> String {
        let room = self.details.room.clone();
        let venue = self.details.venue.as_ref().map(Venue::in_words);
        let words: Vec<String> = room.into_iter().chain(venue).collect();
        words.join(", ")
    }

    /// What the calendar in a letter to an attendee needs; the same as stands in
    /// ours. `accepted` is whether they want the place.
    pub fn calendar(&self, accepted: bool) -> CalendarDetails {
        CalendarDetails {
            sequence: self.sequence,
            ends_at: self.details.ends_at,
            location: self.location(),
            cancelled: self.status == Status::Cancelled,
            accepted,
        }
    }
}

fn excerpt(text: &str) -> String {
    let mut chars = text.chars();
    let mut excerpt: String = chars.by_ref().take(EXCERPT).collect();
    if chars.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}

/// A URI of whoever publishes it, which RFC 5546 §3.2 asks for; Plenary gives
/// away no address.
fn organizer(base: &str, event: &Event) -> String {
    match event.organization_id {
        Some(organization) => format!("{base}/v1/organizations/{organization}"),
        None => format!("{base}/v1/users/{}", event.created_by),
    }
}

const fn status(status: Status, standing: Standing) -> &'static str {
    match (status, standing) {
        (Status::Cancelled, _) => "CANCELLED",
        (Status::Published | Status::Completed, Standing::Announced | Standing::Going) => {
            "CONFIRMED"
        }
        _ => "TENTATIVE",
    }
}
