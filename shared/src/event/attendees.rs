//! What events publishes of the people of an event, for one purpose each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contract;
use super::events::{CalendarDetails, EventInBrief};
use crate::id::{EventId, RegistrationId, UserId};

/// A guest, who was registered by address and has no account, is to hear that
/// the event changed its time or place, or that the registration ended. Never
/// archived, never sent to webhooks: it names an address. Its `sequence` is the
/// event's SEQUENCE, or the registration's version where that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuestNoticed {
    /// Which.
    pub registration_id: RegistrationId,
    /// The address of the registration.
    pub email: String,
    /// The event as it is now.
    pub event: EventInBrief,
    /// Whether the registration ended.
    pub cancelled: bool,
    /// Why it did, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What of the event changed: of `startsAt`, `endsAt`, `venue`, `room`.
    pub changed: Vec<String>,
    /// The venue's name now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue_name: Option<String>,
    /// The calendar entry's SEQUENCE now (RFC 5545 §3.8.7.4).
    pub calendar_sequence: u32,
    /// For the guest's calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarDetails>,
}
contract!(
    GuestNoticed,
    "event.guest.noticed",
    "events",
    registration_id
);

/// Which answers to an event's questions a person lets the matchmaking use, all
/// of them; none means that the consent, or the registration, ended. Its
/// `sequence` counts what became of the person's registration for the event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswersShared {
    /// By which registration.
    pub registration_id: RegistrationId,
    /// For what.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// When the event begins.
    pub starts_at: Timestamp,
    /// The answers as short terms, such as `Rust`; at most 50.
    pub answers: Vec<String>,
}
contract!(
    AnswersShared,
    "event.registration.answers.shared",
    "events",
    registration_id
);
