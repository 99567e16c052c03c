//! Events and registrations as callers see them.

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{EventId, OrganizationId, RegistrationId, UserId};
use shared::principal::Principal;
use utoipa::ToSchema;

use crate::model::{
    Answers, Counts, Details, Event, Guest, Registration, RegistrationStatus, Status,
};

/// An event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Which.
    pub id: EventId,
    /// In whose name; `null` for a personal event.
    #[schema(required)]
    pub organization_id: Option<OrganizationId>,
    /// What the author says.
    #[serde(flatten)]
    pub details: Details,
    /// Where it stands.
    pub status: Status,
    /// Whether it is published: other name of `status == "published"`.
    pub is_active: bool,
    /// How many are registered.
    pub attendee_count: u32,
    /// How many wait for a place.
    pub waitlist_count: u32,
    /// A change waits for approval: there, and `true`, for those inside alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_pending: Option<bool>,
    /// What was said at the last decision: why the event was cancelled, and
    /// before that for those inside alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_note: Option<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The last change.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Counts the changes; the `ETag` begins with it.
    pub version: u64,
}

impl EventView {
    /// An event with its counts, as everybody sees it.
    pub fn new(event: &Event, counts: &Counts) -> Self {
        Self {
            id: event.id,
            organization_id: event.organization_id,
            details: event.details.clone(),
            status: event.status,
            is_active: event.status == Status::Published,
            attendee_count: counts.attendees(),
            waitlist_count: counts.waitlisted,
            change_pending: None,
            decision_note: event
                .decision_note
                .clone()
                .filter(|_| event.status == Status::Cancelled),
            created_by: event.created_by,
            created_at: event.created_at,
            updated_at: event.updated_at,
            version: event.version,
        }
    }

    /// As those see it who make the event.
    pub fn inside(event: &Event, counts: &Counts) -> Self {
        Self {
            change_pending: event.pending.as_ref().map(|_| true),
            decision_note: event.decision_note.clone(),
            ..Self::new(event, counts)
        }
    }

    /// As `reader` sees it.
    pub fn seen_by(reader: Option<&Principal>, event: &Event, counts: &Counts) -> Self {
        match reader {
            Some(reader) if event.inside(reader) => Self::inside(event, counts),
            _ => Self::new(event, counts),
        }
    }

    /// The event's version, and the counts that change without it.
    pub fn etag(&self) -> String {
        format!(
            "{}.{}-{}",
            self.version, self.attendee_count, self.waitlist_count
        )
    }
}

/// A registration.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationView {
    /// Which.
    pub id: RegistrationId,
    /// For what.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// Where it stands.
    pub status: RegistrationStatus,
    /// The ticket type, where the event has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_type: Option<String>,
    /// For how many people.
    pub quantity: u32,
    /// The answers to the organiser's questions.
    #[serde(skip_serializing_if = "Answers::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub answers: Answers,
    /// Whether the answers may be used to suggest people to meet.
    pub matchmaking_consent: bool,
    /// Whether the person wants it: `false` while an organiser registered them
    /// and they have not accepted.
    pub accepted: bool,
    /// Whether connections may know that the person goes there.
    pub visible_to_connections: bool,
    /// Until when a place is offered, for `offered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub offered_until: Option<Timestamp>,
    /// Until when somebody else can take it over, while it is being handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub transfer_until: Option<Timestamp>,
    /// Whom the organiser registered by address; `userId` stands for nobody
    /// until that person claims it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<Guest>,
    /// `true` where the account was deleted; `userId` stands for nobody then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_deleted: Option<bool>,
    /// The place on the waitlist of the ticket type, from 1; 1001 stands for any
    /// place behind the first thousand. Only in the person's own view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waitlist_position: Option<usize>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the person came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub checked_in_at: Option<Timestamp>,
}

impl RegistrationView {
    /// A registration, without its place on the waitlist.
    pub fn new(registration: &Registration) -> Self {
        Self {
            id: registration.id,
            event_id: registration.event_id,
            user_id: registration.user_id,
            status: registration.status,
            ticket_type: Some(registration.ticket_type.clone()).filter(|kind| !kind.is_empty()),
            quantity: registration.quantity,
            answers: registration.answers.clone(),
            matchmaking_consent: registration.matchmaking_consent,
            accepted: registration.accepted,
            visible_to_connections: registration.visible_to_connections,
            offered_until: registration.offered_until,
            transfer_until: registration
                .transfer
                .as_ref()
                .map(|transfer| transfer.expires_at),
            guest: registration.guest.clone(),
            account_deleted: registration.account_deleted_at.map(|_| true),
            waitlist_position: None,
            created_at: registration.created_at,
            checked_in_at: registration.checked_in_at,
        }
    }

    /// Without what only organisers need.
    pub fn for_the_door(mut self) -> Self {
        self.answers.clear();
        if let Some(guest) = &mut self.guest {
            guest.email.clear();
        }
        self
    }
}
