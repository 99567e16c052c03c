//! Which events a person may like, and why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId};
use shared::table::{Entity, Key};
use utoipa::ToSchema;

use super::admission::Admission;
use super::counts::Counts;
use super::event::Event;

/// What counts as soon.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 14);
/// How many attendees make an event popular.
const POPULAR: u32 = 20;
/// How many connections count at most.
const MOST_COMPANY: u32 = 3;
/// How often a tag counts at most: a hundred meetups of one kind must not
/// drown everything else.
const MOST_OF_A_KIND: u32 = 3;

/// What a person says to be interested in, copied from the users group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Interests {
    /// Who.
    pub user_id: UserId,
    /// In what, folded like tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Interests {
    /// The sort key of a person's interests.
    pub const SORT: &'static str = "INTERESTS";

    /// Where a person's interests are kept.
    pub fn key_of(user: UserId) -> Key {
        Key::new(format!("USER#{user}"), Self::SORT)
    }
}

impl Entity for Interests {
    const KIND: &'static str = "interests";

    fn key(&self) -> Key {
        Self::key_of(self.user_id)
    }
}

/// What is known of a person's taste.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taste {
    /// Tags of events with a registration, and how many had them.
    pub registered: BTreeMap<String, u32>,
    /// Tags of saved events.
    pub saved: BTreeMap<String, u32>,
    /// Interests.
    pub interests: BTreeSet<String>,
    /// Cities of events with a registration, folded.
    pub cities: BTreeSet<String>,
    /// How many connections go where, of those who let their connections know.
    pub company: BTreeMap<EventId, u32>,
    /// What needs no recommendation any more.
    pub known: BTreeSet<EventId>,
}

/// Why an event is recommended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(
    rename_all = "kebab-case",
    tag = "code",
    rename_all_fields = "camelCase"
)]
pub enum Reason {
    /// It has a tag of events that the person registered for.
    RegisteredTag {
        /// Which.
        tag: String,
    },
    /// It has a tag of events that the person saved.
    SavedTag {
        /// Which.
        tag: String,
    },
    /// It has a tag that the person is interested in.
    Interest {
        /// Which.
        tag: String,
    },
    /// It is where the person goes anyway.
    City {
        /// Which.
        city: String,
    },
    /// Connections of the person go there, who let their connections know.
    Connections {
        /// How many.
        count: u32,
    },
    /// Many go there.
    Popular,
    /// It is within two weeks.
    Soon,
    /// It is ahead: all that can be said to somebody of whom nothing is known.
    Upcoming,
}

/// An event with the reasons for it, the weightiest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommended {
    /// The event.
    pub event: Event,
    /// Its counts.
    pub counts: Counts,
    /// Why; never empty.
    pub reasons: Vec<Reason>,
    /// How much speaks for it.
    pub score: u32,
}

impl Taste {
    /// Adds an event that the person registered for.
    pub fn add_registered(&mut self, event: &Event) {
        for tag in &event.details.tags {
            *self.registered.entry(tag.clone()).or_default() += 1;
        }
        self.cities.extend(city(event));
    }

    /// Adds an event that the person saved.
    pub fn add_saved(&mut self, event: &Event) {
        for tag in &event.details.tags {
            *self.saved.entry(tag.clone()).or_default() += 1;
        }
    }

    /// Whether nothing is known.
    pub fn is_blank(&self) -> bool {
        self.registered.is_empty()
            && self.saved.is_empty()
            && self.interests.is_empty()
            && self.cities.is_empty()
            && self.company.is_empty()
    }

    /// The tags that weigh most.
    pub fn favourites(&self, many: usize) -> Vec<String> {
        let all: BTreeSet<&String> = self
            .registered
            .keys()
            .chain(self.saved.keys())
            .chain(&self.interests)
            .collect();
        let mut all: Vec<&String> = all.into_iter().collect();
        let weight = |tag: &String| self.tag(tag).iter().map(|(_, weight)| weight).sum::<u32>();
        all.sort_by_key(|tag| std::cmp::Reverse(weight(tag)));
        all.into_iter().take(many).cloned().collect()
    }

    fn tag(&self, tag: &String) -> Vec<(Reason, u32)> {
        let often = |counts: &BTreeMap<String, u32>| counts.get(tag).copied().unwrap_or(0);
        let (registered, saved) = (often(&self.registered), often(&self.saved));
        let mut found = Vec::new();
        let tag = || tag.clone();
        if registered > 0 {
            let weight = registered.min(MOST_OF_A_KIND) * 3;
            found.push((Reason::RegisteredTag { tag: tag() }, weight));
        }
        if self.interests.contains(&tag()) {
            found.push((Reason::Interest { tag: tag() }, 4));
        }
        if saved > 0 {
            let weight = saved.min(MOST_OF_A_KIND) * 2;
            found.push((Reason::SavedTag { tag: tag() }, weight));
        }
        found
    }

    fn judge(&self, event: &Event, counts: &Counts, now: Timestamp) -> (Vec<Reason>, u32) {
        let mut found: Vec<(Reason, u32)> = Vec::new();
        for tag in &event.details.tags {
            found.extend(self.tag(tag));
        }
        if let Some(city) = city(event).filter(|city| self.cities.contains(city)) {
            found.push((Reason::City { city }, 2));
        }
        if let Some(count) = self.company.get(&event.id).copied() {
            let weight = count.min(MOST_COMPANY) * 3;
            found.push((Reason::Connections { count }, weight));
        }
        if counts.attendees() >= POPULAR {
            found.push((Reason::Popular, 2));
        }
        let soon = event.details.starts_at.duration_since(now) <= SOON;
        if soon {
            found.push((Reason::Soon, 1));
        }
        if found.is_empty() && self.is_blank() {
            found.push((Reason::Upcoming, 0));
        }
        found.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let score = found.iter().map(|(_, weight)| weight).sum();
        (found.into_iter().map(|(reason, _)| reason).collect(), score)
    }

    /// The best of `candidates`, the best first. Where nobody can get a place
    /// now, what has begun, and what nothing speaks for, is left out.
    pub fn rank(
        &self,
        candidates: impl IntoIterator<Item = (Event, Counts, Admission)>,
        now: Timestamp,
        many: usize,
    ) -> Vec<Recommended> {
        let mut ranked: Vec<Recommended> = candidates
            .into_iter()
            .filter(|(event, counts, admission)| {
                counts.open
                    && admission.has_place_now(counts, now)
                    && event.details.starts_at > now
                    && !self.known.contains(&event.id)
            })
            .map(|(event, counts, _)| {
                let (reasons, score) = self.judge(&event, &counts, now);
                Recommended {
                    event,
                    counts,
                    reasons,
                    score,
                }
            })
            .filter(|recommended| !recommended.reasons.is_empty())
            .collect();
        ranked.sort_by_key(|one| (std::cmp::Reverse(one.score), one.event.time_key()));
        ranked.truncate(many);
        ranked
    }
}

fn city(event: &Event) -> Option<String> {
    let venue = event.details.venue.as_ref()?;
    venue.city.as_deref().map(str::to_lowercase)
}
