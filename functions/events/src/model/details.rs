//! What the author says of an event, and what is wrong with it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{EventId, VenueId};
use shared::problem::{FieldError, Problem};
use utoipa::ToSchema;

use super::event::MAX_CAPACITY;
use super::place::Venue;
use super::session::{self, Speaker};

const MAX_TAGS: usize = 20;
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// What admission costs; Plenary takes no payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Price {
    /// In the currency's smallest unit.
    pub amount_minor: u64,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
}

/// The editable part of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Details {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What it is about.
    #[serde(default)]
    #[schema(max_length = 10_000)]
    pub description: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// IANA time zone of the place.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<Venue>,
    /// The known venue that `venue` is a copy of: the copy follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue_id: Option<VenueId>,
    /// The event that it is a part of; decided at creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<EventId>,
    /// With a parent: it is an edition of a series, listed like any other event
    /// and free in its time, rather than a session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_alone: bool,
    /// The track of the programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub track: Option<String>,
    /// The room at the venue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub room: Option<String>,
    /// Who speaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub speakers: Vec<Speaker>,
    /// What it is about, in words.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub tags: Vec<String>,
    /// What it costs; absent means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// How many may come; absent means no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub capacity: Option<u32>,
    /// Whether people may wait for a place when it is full.
    #[serde(default = "yes")]
    pub waitlist: bool,
}

pub(super) fn yes() -> bool {
    true
}

/// How many decimals a currency has (ISO 4217, the exceptions to two).
pub(super) fn minor_digits(currency: &str) -> i32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

pub(super) fn zone(name: &str) -> Result<TimeZone, Problem> {
    TimeZone::get(name)
        .map_err(|_| Problem::invalid("/timeZone", "unknown", "is not an IANA time zone"))
}

impl Details {
    /// Itself, tidied, if every rule holds.
    ///
    /// # Errors
    /// 400 with every fault.
    pub fn checked(mut self) -> Result<Self, Problem> {
        self.title = String::from(self.title.trim());
        for tag in &mut self.tags {
            *tag = tag.trim().to_lowercase();
        }
        self.tags.sort();
        self.tags.dedup();
        let mut faults = Faults::default();
        faults.length("/title", &self.title, 1, 200);
        faults.length("/description", &self.description, 0, 10_000);
        faults.unless(
            self.tags.len() <= MAX_TAGS,
            "/tags",
            "too-many",
            "may have at most 20 entries",
        );
        for (i, tag) in self.tags.iter().enumerate() {
            faults.length(&format!("/tags/{i}"), tag, 1, 50);
        }
        let long = self.ends_at.duration_since(self.starts_at);
        faults.unless(
            long > SignedDuration::ZERO,
            "/endsAt",
            "out-of-order",
            "must be after startsAt",
        );
        faults.unless(
            long <= LONGEST,
            "/endsAt",
            "out-of-range",
            "may be at most a year after startsAt",
        );
        if zone(&self.time_zone).is_err() {
            faults.add("/timeZone", "unknown", "is not an IANA time zone");
        }
        if let Some(capacity) = self.capacity {
            let fits = (1..=MAX_CAPACITY).contains(&capacity);
            faults.unless(fits, "/capacity", "out-of-range", "must be 1 to 1000000");
        }
        if let Some(price) = &self.price {
            let code = &price.currency;
            let iso = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
            faults.unless(
                iso,
                "/price/currency",
                "invalid",
                "must be an ISO 4217 code",
            );
        }
        if let Some(venue) = &self.venue {
            faults.0.extend(venue.faults("/venue"));
        }
        faults.0.extend(session::faults(&self));
        Problem::all(faults.0)?;
        Ok(self)
    }
}

#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, pointer: &str, code: &str, detail: &str) {
        self.0.push(FieldError {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            detail: detail.to_owned(),
        });
    }

    fn unless(&mut self, holds: bool, pointer: &str, code: &str, detail: &str) {
        if !holds {
            self.add(pointer, code, detail);
        }
    }

    fn length(&mut self, pointer: &str, text: &str, min: usize, max: usize) {
        let count = text.chars().count();
        let detail = format!("must have {min} to {max} characters");
        self.unless((min..=max).contains(&count), pointer, "length", &detail);
    }
}
