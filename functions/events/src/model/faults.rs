//! Collecting what is wrong with an event's admission.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use shared::problem::{FieldError, Problem};

use super::admission::{MAX_QUANTITY, MAX_TYPES, TicketType};
use super::check_in_list::CheckInList;
use super::event::MAX_CAPACITY;

/// What is wrong, all of it.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    pub(super) fn add(&mut self, pointer: String, code: &str, detail: impl Into<String>) {
        self.0.push(FieldError {
            pointer,
            code: code.to_owned(),
            detail: detail.into(),
        });
    }

    pub(super) fn done(self) -> Result<(), Problem> {
        Problem::all(self.0)
    }

    pub(super) fn few(&mut self, pointer: &str, count: usize, most: usize) {
        if count > most {
            let detail = format!("may have at most {most} entries");
            self.add(pointer.to_owned(), "too-many", detail);
        }
    }

    pub(super) fn within(&mut self, pointer: &str, value: u32, least: u32, most: u32) {
        if !(least..=most).contains(&value) {
            let detail = format!("must be {least} to {most}");
            self.add(pointer.to_owned(), "out-of-range", detail);
        }
    }

    pub(super) fn length(&mut self, pointer: String, text: &str, min: usize, max: usize) {
        if !(min..=max).contains(&text.trim().chars().count()) {
            let detail = format!("must have {min} to {max} characters");
            self.add(pointer, "length", detail);
        }
    }

    pub(super) fn distinct<'a>(&mut self, pointer: &str, ids: impl Iterator<Item = &'a String>) {
        let mut seen = BTreeSet::new();
        for (i, id) in ids.enumerate() {
            if !slug(id) {
                let detail = "must be a lower-case letter and up to 30 of a-z, 0-9 and _";
                self.add(format!("{pointer}/{i}/id"), "invalid", detail);
            }
            if !seen.insert(id) {
                self.add(
                    format!("{pointer}/{i}/id"),
                    "duplicate",
                    "stands there twice",
                );
            }
        }
    }

    pub(super) fn ticket_type(&mut self, at: &str, kind: &TicketType) {
        self.length(format!("{at}/name"), &kind.name, 1, 100);
        if let Some(quota) = kind.quota {
            self.within(&format!("{at}/quota"), quota, 0, MAX_CAPACITY);
        }
        self.within(
            &format!("{at}/maxPerRegistration"),
            kind.max_per_registration,
            1,
            MAX_QUANTITY,
        );
        self.ordered(
            &format!("{at}/salesUntil"),
            kind.sales_from,
            kind.sales_until,
        );
        let iso = |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        if kind
            .price
            .as_ref()
            .is_some_and(|price| !iso(&price.currency))
        {
            self.add(
                format!("{at}/price/currency"),
                "invalid",
                "must be an ISO 4217 code",
            );
        }
    }

    pub(super) fn list(&mut self, at: &str, list: &CheckInList, types: &[TicketType]) {
        self.length(format!("{at}/name"), &list.name, 1, 100);
        self.ordered(&format!("{at}/closesAt"), list.opens_at, list.closes_at);
        self.types(&format!("{at}/ticketTypes"), &list.ticket_types, types);
    }

    /// Names of ticket types that are there.
    pub(super) fn types(&mut self, at: &str, names: &[String], types: &[TicketType]) {
        self.few(at, names.len(), MAX_TYPES);
        for (i, id) in names.iter().enumerate().take(MAX_TYPES) {
            if !types.iter().any(|kind| kind.id == *id) {
                self.add(format!("{at}/{i}"), "unknown", "is no ticket type");
            }
        }
    }

    /// What is stored as one item has its bounds.
    pub(super) fn small<T: Serialize>(&mut self, pointer: &str, value: &T, most: usize) {
        let bytes = serde_json::to_vec(value).map_or(0, |json| json.len());
        if bytes > most {
            let detail = format!("has {bytes} bytes as JSON, of {most} at most");
            self.add(pointer.to_owned(), "too-large", detail);
        }
    }

    fn ordered(&mut self, pointer: &str, from: Option<Timestamp>, until: Option<Timestamp>) {
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            self.add(
                pointer.to_owned(),
                "out-of-order",
                "must be after the beginning",
            );
        }
    }
}

/// Short names stand in attribute names and in keys.
pub(super) fn slug(id: &str) -> bool {
    let tail = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    id.len() <= 31 && id.starts_with(|c: char| c.is_ascii_lowercase()) && id.bytes().all(tail)
}
