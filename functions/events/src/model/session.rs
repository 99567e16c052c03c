//! Sessions of a programme, editions of a series, and what clashes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId};
use shared::problem::{FieldError, Problem};
use utoipa::ToSchema;

use super::card::Card;
use super::details::Details;
use super::event::Event;
use super::status::Status;

const MAX_SPEAKERS: usize = 50;

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Speaker {
    /// The name to show.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The speaker's account, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

impl Speaker {
    /// By what two mentions are the same person: the account, or the name.
    fn identity(&self) -> String {
        match self.user_id {
            Some(id) => id.to_string(),
            None => self.name.trim().to_lowercase(),
        }
    }
}

/// What is wrong with an event as a part of another.
pub(super) fn faults(details: &Details) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut unless = |holds: bool, pointer: String, code: &str, detail: &str| {
        if !holds {
            faults.push(FieldError {
                pointer,
                code: code.to_owned(),
                detail: detail.to_owned(),
            });
        }
    };
    for (field, text) in [("track", &details.track), ("room", &details.room)] {
        let Some(text) = text else { continue };
        let fits = (1..=100).contains(&text.chars().count());
        let detail = "must have 1 to 100 characters";
        unless(fits, format!("/{field}"), "length", detail);
        let part = details.parent_id.is_some();
        let detail = "is for events with a parentId";
        unless(part, format!("/{field}"), "without-parent", detail);
    }
    let alone = details.stands_alone && details.parent_id.is_none();
    let detail = "is for events with a parentId";
    unless(!alone, "/standsAlone".to_owned(), "without-parent", detail);
    let few = details.speakers.len() <= MAX_SPEAKERS;
    let detail = "may have at most 50 entries";
    unless(few, "/speakers".to_owned(), "too-many", detail);
    for (i, speaker) in details.speakers.iter().enumerate() {
        let fits = (1..=200).contains(&speaker.name.trim().chars().count());
        let detail = "must have 1 to 200 characters";
        unless(fits, format!("/speakers/{i}/name"), "length", detail);
    }
    faults
}

/// Whether a session lies within the time of the event that it is part of; an
/// edition of a series stands alone and need not.
///
/// # Errors
/// 400 when it does not.
pub fn within(session: &Details, parent: &Event) -> Result<(), Problem> {
    if session.stands_alone {
        return Ok(());
    }
    let outside = |pointer: &str| {
        let (from, to) = (parent.details.starts_at, parent.details.ends_at);
        let detail = format!("is outside the time of the event that it is part of: {from} to {to}");
        Err(Problem::invalid(pointer, "outside-parent", detail))
    };
    if session.starts_at < parent.details.starts_at {
        return outside("/startsAt");
    }
    if session.ends_at > parent.details.ends_at {
        return outside("/endsAt");
    }
    Ok(())
}

/// Something that takes time.
pub trait Timed {
    /// When it begins and ends.
    fn time(&self) -> (Timestamp, Timestamp);
}

impl Timed for Card {
    fn time(&self) -> (Timestamp, Timestamp) {
        (self.starts_at, self.ends_at)
    }
}

impl Timed for Event {
    fn time(&self) -> (Timestamp, Timestamp) {
        (self.details.starts_at, self.details.ends_at)
    }
}

/// Every two that overlap; what ends when the other begins does not.
pub fn overlaps<T: Timed>(all: &[T]) -> Vec<(&T, &T)> {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort_by_key(|one| one.time());
    let mut pairs = Vec::new();
    let mut open: Vec<&T> = Vec::new();
    for one in sorted {
        let (begins, _) = one.time();
        open.retain(|other| other.time().1 > begins);
        pairs.extend(open.iter().map(|other| (*other, one)));
        open.push(one);
    }
    pairs
}

/// What is booked twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// A room.
    Room,
    /// A person.
    Speaker,
}

/// Two sessions at once in one room, or by one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoubleBooking {
    /// What is booked twice.
    pub resource: Resource,
    /// Its name.
    pub name: String,
    /// The two sessions, the earlier first.
    pub sessions: [EventId; 2],
}

/// Every double booking of a programme. What is called off or over books
/// nothing.
pub fn double_bookings(cards: &[Card]) -> Vec<DoubleBooking> {
    let live: Vec<Card> = cards
        .iter()
        .filter(|card| {
            !matches!(
                card.status,
                Some(Status::Cancelled | Status::Completed | Status::Rejected)
            )
        })
        .cloned()
        .collect();
    let mut found = Vec::new();
    for (a, b) in overlaps(&live) {
        let sessions = [a.event_id, b.event_id];
        let folded = |room: &String| room.trim().to_lowercase();
        if let Some(room) = &a.room
            && b.room.as_ref().map(folded) == Some(folded(room))
        {
            found.push(DoubleBooking {
                resource: Resource::Room,
                name: room.clone(),
                sessions,
            });
        }
        let there: BTreeSet<String> = b.speakers.iter().map(Speaker::identity).collect();
        for speaker in &a.speakers {
            if there.contains(&speaker.identity()) {
                found.push(DoubleBooking {
                    resource: Resource::Speaker,
                    name: speaker.name.clone(),
                    sessions,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Span(i64, i64);

    impl Timed for Span {
        fn time(&self) -> (Timestamp, Timestamp) {
            let at = |second| Timestamp::from_second(second).unwrap();
            (at(self.0), at(self.1))
        }
    }

    proptest! {
        /// B3-07: the sweep finds what comparing each with each finds.
        #[test]
        fn b3_07_every_overlap_is_found_once(
            spans in prop::collection::vec((0..50_i64, 1..20_i64), 0..20),
        ) {
            let spans: Vec<Span> = spans.into_iter().map(|(at, long)| Span(at, at + long)).collect();
            let mut expected = 0;
            for (i, a) in spans.iter().enumerate() {
                expected += spans[i + 1..].iter().filter(|b| a.0 < b.1 && b.0 < a.1).count();
            }
            let found = overlaps(&spans);
            prop_assert_eq!(found.len(), expected);
            for (a, b) in found {
                prop_assert!(a.0 < b.1 && b.0 < a.1);
            }
        }
    }
}
