//! Events and registrations as callers see them.

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{EventId, OrganizationId, RegistrationId, UserId};
use utoipa::ToSchema;

use crate::model::{Counts, Details, Event, Registration, RegistrationStatus, Status};

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
    /// The note of the last decision.
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
    /// An event with its counts.
    pub fn new(event: &Event, counts: &Counts) -> Self {
        Self {
            id: event.id,
            organization_id: event.organization_id,
            details: event.details.clone(),
            status: event.status,
            is_active: event.status == Status::Published,
            attendee_count: counts.confirmed,
            waitlist_count: counts.waitlisted,
            change_pending: None,
            decision_note: event.decision_note.clone(),
            created_by: event.created_by,
            created_at: event.created_at,
            updated_at: event.updated_at,
            version: event.version,
        }
    }

    /// As those see it who make the event.
    pub fn inside(mut self, event: &Event) -> Self {
        self.change_pending = event.pending.as_ref().map(|_| true);
        self
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
    /// The place on the waitlist, from 1; only in the person's own view.
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
            waitlist_position: None,
            created_at: registration.created_at,
            checked_in_at: registration.checked_in_at,
        }
    }
}
