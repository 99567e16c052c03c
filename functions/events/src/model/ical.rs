//! Events as iCalendar (RFC 5545, with RFC 7986 and, for METHOD, RFC 5546).
//!
//! All times are UTC: an instant needs no VTIMEZONE, and a reader's calendar
//! shows it in the reader's own zone.

use jiff::{SignedDuration, Timestamp};

use super::event::Event;
use super::place::Venue;
use super::status::Status;

/// The longest content line, in octets without its line break (§3.1).
const LONGEST_LINE: usize = 75;
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
    text: String,
    excerpts: bool,
}

impl<'a> Calendar<'a> {
    /// One event by itself: the message that publishes or cancels it.
    pub fn single(public_url: &'a str, event: &Event) -> String {
        let mut calendar = Self::begin(public_url, event.status == Status::Cancelled);
        calendar.add(event, Standing::Announced);
        calendar.finish()
    }

    /// A calendar of many, which programs fetch again and again.
    pub fn of_many(public_url: &'a str, name: &str) -> Self {
        let mut calendar = Self::begin(public_url, false);
        calendar.excerpts = true;
        let name = escape(name);
        calendar.line("NAME", &name);
        calendar.line("X-WR-CALNAME", &name);
        calendar.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
        calendar.line("X-PUBLISHED-TTL", "PT1H");
        calendar
    }

    fn begin(public_url: &'a str, cancel: bool) -> Self {
        let mut calendar = Self {
            public_url,
            text: String::new(),
            excerpts: false,
        };
        calendar.line("BEGIN", "VCALENDAR");
        calendar.line("VERSION", "2.0");
        calendar.line("PRODID", "-//Plenary//Plenary//EN");
        calendar.line("CALSCALE", "GREGORIAN");
        calendar.line("METHOD", if cancel { "CANCEL" } else { "PUBLISH" });
        calendar
    }

    /// Adds an event.
    pub fn add(&mut self, event: &Event, standing: Standing) {
        let details = &event.details;
        self.line("BEGIN", "VEVENT");
        self.line("UID", &event.id.to_string());
        // With PUBLISH and CANCEL this is when the object was last changed; a
        // constant text for an unchanged event keeps the ETag.
        self.line("DTSTAMP", &utc(event.updated_at));
        self.line("CREATED", &utc(event.created_at));
        self.line("LAST-MODIFIED", &utc(event.updated_at));
        self.line("SEQUENCE", &event.sequence.to_string());
        self.line("DTSTART", &utc(details.starts_at));
        let second = SignedDuration::from_secs(1);
        let shortest = details.starts_at.checked_add(second);
        let shortest = shortest.unwrap_or(Timestamp::MAX);
        self.line("DTEND", &utc(details.ends_at.max(shortest)));
        self.line("SUMMARY", &escape(&details.title));
        self.description(&details.description);
        self.place(details.room.as_deref(), details.venue.as_ref());
        if !details.tags.is_empty() {
            let tags: Vec<String> = details.tags.iter().map(|tag| escape(tag)).collect();
            self.line("CATEGORIES", &tags.join(","));
        }
        if let Some(parent) = details.parent_id {
            self.line("RELATED-TO;RELTYPE=PARENT", &parent.to_string());
        }
        let base = self.public_url;
        self.line("URL", &format!("{base}/v1/events/{}", event.id));
        self.line("ORGANIZER", &organizer(base, event));
        self.line("STATUS", status(event.status, standing));
        let busy = standing == Standing::Going && event.status != Status::Cancelled;
        self.line("TRANSP", if busy { "OPAQUE" } else { "TRANSPARENT" });
        self.line("END", "VEVENT");
    }

    /// The text.
    pub fn finish(mut self) -> String {
        self.line("END", "VCALENDAR");
        self.text
    }

    fn description(&mut self, text: &str) {
        let text = if self.excerpts {
            excerpt(text)
        } else {
            text.to_owned()
        };
        if !text.is_empty() {
            self.line("DESCRIPTION", &escape(&text));
        }
    }

    fn place(&mut self, room: Option<&str>, venue: Option<&Venue>) {
        let words: Vec<String> = room
            .map(str::to_owned)
            .into_iter()
            .chain(venue.map(Venue::in_words))
            .collect();
        if !words.is_empty() {
            self.line("LOCATION", &escape(&words.join(", ")));
        }
        if let Some(at) = venue.and_then(|venue| venue.coordinates) {
            self.line("GEO", &format!("{:.6};{:.6}", at.lat, at.lng));
        }
    }

    /// One content line, folded (§3.1): never within a character, although the
    /// standard would allow it, because readers stumble over that.
    fn line(&mut self, name: &str, value: &str) {
        let mut used = 0;
        for c in name.chars().chain([':']).chain(value.chars()) {
            if used + c.len_utf8() > LONGEST_LINE {
                self.text.push_str("\r\n ");
                used = 1;
            }
            self.text.push(c);
            used += c.len_utf8();
        }
        self.text.push_str("\r\n");
    }
}

/// DATE-TIME in form 2 (§3.3.5).
fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// TEXT (§3.3.11); control characters have no place in it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\r' => {
                chars.next_if_eq(&'\n');
                escaped.push_str("\\n");
            }
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push(c),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(value: &str) -> String {
        let mut calendar = Calendar::begin("https://x", false);
        calendar.text.clear();
        calendar.line("SUMMARY", value);
        calendar.text
    }

    #[test]
    fn b3_04_text_is_escaped() {
        assert_eq!(
            escape("a\\b;c,d\r\ne\nf\rg\u{7}h\ti:\"j\""),
            "a\\\\b\\;c\\,d\\ne\\nf\\ngh\ti:\"j\""
        );
    }

    #[test]
    fn b3_04_a_line_of_75_octets_is_not_folded_and_76_are() {
        let exact = "x".repeat(75 - "SUMMARY:".len());
        assert_eq!(folded(&exact), format!("SUMMARY:{exact}\r\n"));
        assert_eq!(
            folded(&format!("{exact}y")),
            format!("SUMMARY:{exact}\r\n y\r\n")
        );
    }

    proptest! {
        /// Whatever is said, no line is too long, none breaks a character, and
        /// unfolding gives it back.
        #[test]
        fn b3_04_folding_is_undone_by_unfolding(text in "\\PC{0,300}") {
            let folded = folded(&text);
            for line in folded.trim_end_matches("\r\n").split("\r\n") {
                prop_assert!(line.len() <= LONGEST_LINE, "{}", line.len());
            }
            prop_assert_eq!(folded.replace("\r\n ", ""), format!("SUMMARY:{text}\r\n"));
        }
    }
}
