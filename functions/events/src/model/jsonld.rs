//! Events as linked data: schema.org/Event in JSON-LD, which search engines
//! and assistants read.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::admission::TicketType;
use super::counts::Counts;
use super::details::{Price, minor_digits};
use super::event::Event;
use super::place::Venue;
use super::session::Speaker;
use super::status::Status;

/// The event in the vocabulary of schema.org; `public_url` is the API's own.
pub fn json_ld(event: &Event, counts: &Counts, types: &[TicketType], public_url: &str) -> Value {
    let details = &event.details;
    let url = format!("{public_url}/v1/events/{}", event.id);
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| {
        data.insert(name.to_owned(), value);
    };
    put("@context", json!("https://schema.org"));
    put("@type", json!("Event"));
    put("@id", json!(url));
    put("url", json!(url));
    put("name", json!(details.title));
    if !details.description.is_empty() {
        put("description", json!(details.description));
    }
    put("startDate", local(details.starts_at, &details.time_zone));
    put("endDate", local(details.ends_at, &details.time_zone));
    let status = match event.status {
        Status::Cancelled => "https://schema.org/EventCancelled",
        _ => "https://schema.org/EventScheduled",
    };
    put("eventStatus", json!(status));
    if let Some(venue) = &details.venue {
        let offline = "https://schema.org/OfflineEventAttendanceMode";
        put("eventAttendanceMode", json!(offline));
        put("location", place(venue));
    }
    if !details.tags.is_empty() {
        put("keywords", json!(details.tags));
    }
    if let Some(parent) = details.parent_id {
        let id = format!("{public_url}/v1/events/{parent}");
        put("superEvent", json!({"@type": "Event", "@id": id}));
    }
    if !details.speakers.is_empty() {
        let person = |speaker: &Speaker| json!({"@type": "Person", "name": speaker.name});
        let people: Vec<Value> = details.speakers.iter().map(person).collect();
        put("performer", json!(people));
    }
    if let Some(organization) = event.organization_id {
        let id = format!("{public_url}/v1/organizations/{organization}");
        put("organizer", json!({"@type": "Organization", "@id": id}));
    }
    if let Some(capacity) = counts.capacity {
        let left = capacity.saturating_sub(counts.confirmed);
        put("maximumAttendeeCapacity", json!(capacity));
        put("remainingAttendeeCapacity", json!(left));
    }
    let free = if types.is_empty() {
        details.price.is_none()
    } else {
        types.iter().all(|kind| kind.price.is_none())
    };
    put("isAccessibleForFree", json!(free));
    put("offers", offers(event, counts, types, &url));
    Value::Object(data)
}

/// The local time with its offset; schema.org takes no zone names.
fn local(at: Timestamp, zone: &str) -> Value {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let text = at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z");
    json!(text.to_string())
}

fn place(venue: &Venue) -> Value {
    let mut place = json!({"@type": "Place", "name": venue.name});
    let mut address = Map::new();
    for (name, value) in [
        ("streetAddress", &venue.address),
        ("addressLocality", &venue.city),
        ("addressCountry", &venue.country),
    ] {
        if let Some(value) = value {
            address.insert(name.to_owned(), json!(value));
        }
    }
    if !address.is_empty() {
        address.insert("@type".to_owned(), json!("PostalAddress"));
        place["address"] = Value::Object(address);
    }
    if let Some(at) = venue.coordinates {
        place["geo"] = json!({"@type": "GeoCoordinates", "latitude": at.lat, "longitude": at.lng});
    }
    place
}

/// One offer, or one for each ticket type.
fn offers(event: &Event, counts: &Counts, types: &[TicketType], url: &str) -> Value {
    if types.is_empty() {
        let left = counts.has_place();
        return offer(event.details.price.as_ref(), counts.open, left, url);
    }
    let of_type = |kind: &TicketType| {
        let left = counts.has_place_of(&kind.id);
        let mut offer = offer(kind.price.as_ref(), counts.open, left, url);
        offer["name"] = json!(kind.name);
        for (name, at) in [
            ("validFrom", kind.sales_from),
            ("validThrough", kind.sales_until),
        ] {
            if let Some(at) = at {
                offer[name] = local(at, &event.details.time_zone);
            }
        }
        offer
    };
    types.iter().map(of_type).collect()
}

fn offer(price: Option<&Price>, open: bool, left: bool, url: &str) -> Value {
    let availability = if !open {
        "https://schema.org/OutOfStock"
    } else if left {
        "https://schema.org/InStock"
    } else {
        "https://schema.org/SoldOut"
    };
    let (amount, currency) = price.map_or_else(
        || ("0".to_owned(), "EUR".to_owned()),
        |price| (decimal(price), price.currency.clone()),
    );
    json!({"@type": "Offer", "url": url, "price": amount, "priceCurrency": currency,
        "availability": availability})
}

/// Minor units in the notation that schema.org wants: `19.99`.
fn decimal(price: &Price) -> String {
    let digits = minor_digits(&price.currency).unsigned_abs();
    let unit = 10_u64.pow(digits);
    let whole = price.amount_minor / unit;
    if digits == 0 {
        return whole.to_string();
    }
    let width = digits as usize;
    format!("{whole}.{:0width$}", price.amount_minor % unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b3_09_prices_have_the_decimals_of_their_currency() {
        let price = |amount_minor, currency: &str| Price {
            amount_minor,
            currency: currency.to_owned(),
        };
        assert_eq!(decimal(&price(1999, "EUR")), "19.99");
        assert_eq!(decimal(&price(5, "USD")), "0.05");
        assert_eq!(decimal(&price(500, "JPY")), "500");
        assert_eq!(decimal(&price(1_500, "KWD")), "1.500");
    }

    #[test]
    fn b3_09_times_carry_the_offset_of_the_place() {
        let at: Timestamp = "2026-10-12T07:00:00Z".parse().unwrap();
        assert_eq!(local(at, "Europe/Berlin"), "2026-10-12T09:00:00+02:00");
        assert_eq!(local(at, "America/New_York"), "2026-10-12T03:00:00-04:00");
    }
}
