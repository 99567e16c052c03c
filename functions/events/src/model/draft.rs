//! A new event as it is sent, with what is sugar in it.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use shared::id::{EventId, OrganizationId, VenueId};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::details::{Details, Price, minor_digits, yes, zone};
use super::place::Venue;
use super::session::Speaker;

/// A new event as it is sent: [`Details`], where the time may also be given as
/// local `date`, `startTime`, `endTime`, and the price as `ticketPrice`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Draft {
    /// The organisation in whose name it is made; absent for a personal event.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// When it begins; or give `date` and `startTime`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    /// When it ends; or give `endTime`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Timestamp>,
    /// IANA time zone of the place.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// The local date, with `startTime` and `endTime`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub date: Option<Date>,
    /// The local time of day at which it begins.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "09:00")]
    pub start_time: Option<Time>,
    /// The local time of day at which it ends; an earlier one is on the next day.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "17:30")]
    pub end_time: Option<Time>,
    /// Where; or give `venueId`.
    #[serde(default)]
    pub venue: Option<Venue>,
    /// A known venue of the same owner.
    #[serde(default)]
    pub venue_id: Option<VenueId>,
    /// The event that it is a part of; decided at creation.
    #[serde(default)]
    pub parent_id: Option<EventId>,
    /// With a parent: it is an edition of a series, listed like any other event
    /// and free in its time, rather than a session.
    #[serde(default)]
    pub stands_alone: bool,
    /// The track of the programme.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub track: Option<String>,
    /// The room at the venue.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub room: Option<String>,
    /// Who speaks.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub speakers: Vec<Speaker>,
    /// What it is about, in words.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What it costs.
    #[serde(default)]
    pub price: Option<Price>,
    /// What it costs, in whole units of `currency` (with decimals).
    #[serde(default)]
    pub ticket_price: Option<f64>,
    /// The currency of `ticketPrice`; EUR unless given.
    #[serde(default)]
    pub currency: Option<String>,
    /// How many may come.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Whether people may wait for a place when it is full.
    #[serde(default = "yes")]
    pub waitlist: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// The resolved time of an event.
pub type When = (Timestamp, Timestamp);

impl Draft {
    /// The details, with all sugar dissolved and every rule checked.
    ///
    /// # Errors
    /// 400 with every fault.
    pub fn details(self) -> Result<Details, Problem> {
        let (starts_at, ends_at) = self.when()?;
        let price = self.price()?;
        if self.venue.is_some() && self.venue_id.is_some() {
            let detail = "give venue or venueId, not both";
            return Err(Problem::invalid("/venueId", "ambiguous", detail));
        }
        let details = Details {
            title: self.title,
            description: self.description,
            starts_at,
            ends_at,
            time_zone: self.time_zone,
            venue: self.venue,
            venue_id: self.venue_id,
            parent_id: self.parent_id,
            stands_alone: self.stands_alone,
            track: self.track,
            room: self.room,
            speakers: self.speakers,
            tags: self.tags,
            price,
            capacity: self.capacity,
            waitlist: self.waitlist,
        };
        details.checked()
    }

    fn when(&self) -> Result<When, Problem> {
        if let (Some(starts), Some(ends)) = (self.starts_at, self.ends_at) {
            if self.date.is_some() || self.start_time.is_some() || self.end_time.is_some() {
                let detail = "give startsAt and endsAt, or date, startTime and endTime, not both";
                return Err(Problem::invalid("/date", "ambiguous", detail));
            }
            return Ok((starts, ends));
        }
        let (Some(date), Some(from), Some(to)) = (self.date, self.start_time, self.end_time) else {
            let missing = if self.starts_at.is_none() {
                "/startsAt"
            } else {
                "/endsAt"
            };
            return Err(Problem::invalid(missing, "missing", "is required"));
        };
        let zone = zone(&self.time_zone)?;
        let instant = |date: Date, time: Time, pointer: &str| {
            zone.to_timestamp(date.to_datetime(time))
                .map_err(|err| Problem::invalid(pointer, "invalid", err.to_string()))
        };
        let last = if to <= from {
            date.tomorrow()
        } else {
            Ok(date)
        };
        let last = last.map_err(|err| Problem::invalid("/date", "invalid", err.to_string()))?;
        Ok((
            instant(date, from, "/startTime")?,
            instant(last, to, "/endTime")?,
        ))
    }

    fn price(&self) -> Result<Option<Price>, Problem> {
        let Some(units) = self.ticket_price else {
            return Ok(self.price.clone());
        };
        if self.price.is_some() {
            let detail = "give price or ticketPrice, not both";
            return Err(Problem::invalid("/ticketPrice", "ambiguous", detail));
        }
        let currency = self.currency.clone().unwrap_or_else(|| "EUR".to_owned());
        let minor = units * 10_f64.powi(minor_digits(&currency));
        if !(0.0..=1e12).contains(&minor) {
            return Err(Problem::invalid(
                "/ticketPrice",
                "out-of-range",
                "must be 0 or more",
            ));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let amount_minor = minor.round() as u64;
        Ok((amount_minor > 0).then_some(Price {
            amount_minor,
            currency,
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn details(body: Value) -> Result<Details, Problem> {
        serde_json::from_value::<Draft>(body).unwrap().details()
    }

    /// EV-22, C19: local times with a zone become instants, over midnight and
    /// over the change to winter time.
    #[test]
    fn ev_22_local_times_are_sugar_for_instants() {
        let body = json!({"title": "t", "date": "2026-10-24", "startTime": "20:00",
            "endTime": "04:00", "timeZone": "Europe/Berlin"});
        let details = details(body).unwrap();
        assert_eq!(details.starts_at.to_string(), "2026-10-24T18:00:00Z");
        assert_eq!(details.ends_at.to_string(), "2026-10-25T03:00:00Z");
    }

    /// EV-24, C20.
    #[test]
    fn ev_24_prices_are_minor_units() {
        let price = |price: f64, currency: &str| {
            let body = json!({"title": "t", "startsAt": "2026-10-01T10:00:00Z", "currency": currency,
                "endsAt": "2026-10-01T11:00:00Z", "ticketPrice": price});
            details(body).map(|details| details.price.map(|price| price.amount_minor))
        };
        assert_eq!(price(19.99, "EUR").unwrap(), Some(1999));
        assert_eq!(price(0.1 + 0.2, "USD").unwrap(), Some(30));
        assert_eq!(price(500.0, "JPY").unwrap(), Some(500));
        assert_eq!(price(0.0, "EUR").unwrap(), None);
        assert!(price(-1.0, "EUR").is_err());
    }

    #[test]
    fn ev_01_every_fault_is_named_at_once() {
        let body = json!({"title": " ", "startsAt": "2026-10-01T10:00:00Z", "endsAt": "2026-10-01T09:00:00Z",
            "timeZone": "Mars/Olympus", "capacity": 0, "price": {"amountMinor": 1, "currency": "eur"},
            "venue": {"name": "", "coordinates": {"lat": 91, "lng": 0}}, "tags": [""]});
        let problem = details(body).unwrap_err().body("/", "c");
        let pointers: Vec<&str> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(
            pointers,
            [
                "/title",
                "/tags/0",
                "/endsAt",
                "/timeZone",
                "/capacity",
                "/price/currency",
                "/venue/name",
                "/venue/coordinates"
            ]
        );
    }

    #[test]
    fn ev_23_tags_are_folded_and_bounded() {
        let body = |tags: Value| {
            json!({"title": "t", "tags": tags,
            "startsAt": "2026-10-01T10:00:00Z", "endsAt": "2026-10-01T11:00:00Z"})
        };
        assert_eq!(
            details(body(json!(["Rust ", "aws", "rust"]))).unwrap().tags,
            ["aws", "rust"]
        );
        let many: Vec<String> = (0..21).map(|i| format!("t{i}")).collect();
        assert!(details(body(json!(many))).is_err());
    }
}
