//! What events publishes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contract;
use crate::id::{EventId, OrganizationId, RegistrationId, UserId, VenueId};

/// What other groups show or index of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventSnapshot {
    /// Which.
    pub event_id: EventId,
    /// Whose, if an organisation's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who made it.
    pub created_by: UserId,
    /// `draft`, `submitted`, `approved`, `rejected`, `published`, `cancelled`, `completed`.
    pub status: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// IANA time zone.
    pub time_zone: String,
    /// The venue's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub venue_name: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Places, if limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
}

/// A draft exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventCreated {
    /// Which.
    pub event_id: EventId,
    /// Who made it.
    pub created_by: UserId,
    /// Whose, if an organisation's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
}
contract!(EventCreated, "event.created", "events", event_id);

macro_rules! snapshot_event {
    ($(#[$doc:meta])* $name:ident, $kind:literal { $($(#[$fdoc:meta])* $field:ident : $type:ty),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// The event after the change.
            pub event: EventSnapshot,
            $($(#[$fdoc])* pub $field: $type,)*
        }

        impl super::Contract for $name {
            const TYPE: &'static str = $kind;
            const VERSION: u32 = 1;
            const SOURCE: &'static str = "/domains/events";

            fn subject(&self) -> String {
                self.event.event_id.to_string()
            }
        }
    };
}

snapshot_event!(
    /// A published event changed.
    EventUpdated, "event.updated" {
        /// The names of the changed fields.
        changed: Vec<String>
    }
);
snapshot_event!(
    /// An event is open to the public.
    EventPublished, "event.published" {}
);
snapshot_event!(
    /// An event will not take place.
    EventCancelled, "event.cancelled" {
        /// What the organiser said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>
    }
);
snapshot_event!(
    /// An event is over.
    EventCompleted, "event.completed" {}
);

/// An event is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDeleted {
    /// Which.
    pub event_id: EventId,
    /// Whose, if an organisation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
}
contract!(EventDeleted, "event.deleted", "events", event_id);

macro_rules! review_event {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Which.
            pub event_id: EventId,
            /// In which organisation.
            pub organization_id: OrganizationId,
            /// Its title.
            pub title: String,
            /// Who made it.
            pub created_by: UserId,
            /// Who submitted or decided.
            pub actor_id: UserId,
            /// The note or the reason.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub reason: Option<String>,
            /// The fields of a change of what was approved already; empty when
            /// it is about the event as a whole.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub changed: Vec<String>,
            /// Who proposed the change.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub proposed_by: Option<UserId>,
        }
        contract!($name, $kind, "events", event_id);
    };
}

review_event!(
    /// An author asks for approval.
    EventSubmitted,
    "event.submitted"
);
review_event!(
    /// An approver agreed.
    EventApproved,
    "event.approved"
);
review_event!(
    /// An approver declined.
    EventRejected,
    "event.rejected"
);

macro_rules! saved_event {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Which.
            pub event_id: EventId,
            /// Who.
            pub user_id: UserId,
            /// The event's title.
            pub title: String,
            /// The event's tags: what interests the person.
            pub tags: Vec<String>,
        }
        contract!($name, $kind, "events", event_id);
    };
}

saved_event!(
    /// A person keeps an event. Its `sequence` counts that person's changes.
    EventSaved,
    "event.saved"
);
saved_event!(
    /// A person no longer keeps an event.
    EventUnsaved,
    "event.unsaved"
);

fn wanted() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde wants it so
fn is_wanted(accepted: &bool) -> bool {
    *accepted
}

macro_rules! registration_event {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Which; its version is the event's `sequence`.
            pub registration_id: RegistrationId,
            /// For what.
            pub event_id: EventId,
            /// Who.
            pub user_id: UserId,
            /// `confirmed`, `waitlisted`, `cancelled` or `checked_in`.
            pub status: String,
            /// The event's title.
            pub title: String,
            /// When it begins.
            pub starts_at: Timestamp,
            /// IANA time zone.
            pub time_zone: String,
            /// Who made it.
            pub organizer_id: UserId,
            /// The organisation whose event it is; absent for a personal one,
            /// which its maker alone organises.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub organization_id: Option<OrganizationId>,
            /// Why, where somebody else decided.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub reason: Option<String>,
            /// `false` while an organiser registered the person, who has not said
            /// that they want it; absent means `true`.
            #[serde(default = "wanted", skip_serializing_if = "is_wanted")]
            pub accepted: bool,
        }
        contract!($name, $kind, "events", registration_id);
    };
}

registration_event!(
    /// A person is registered, or on the waitlist.
    RegistrationCreated,
    "event.registration.created"
);
registration_event!(
    /// A registration ended.
    RegistrationCancelled,
    "event.registration.cancelled"
);
registration_event!(
    /// A person came from the waitlist to a place, or accepted the one that an
    /// organiser gave.
    RegistrationPromoted,
    "event.registration.promoted"
);
registration_event!(
    /// A person is at the door.
    RegistrationCheckedIn,
    "event.registration.checked_in"
);
registration_event!(
    /// The door took a check-in back: the person had not come.
    RegistrationCheckInUndone,
    "event.registration.check_in.undone"
);

/// A place from the waitlist is held for a person, who must take it in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationOffered {
    /// Which; its version is the event's `sequence`.
    pub registration_id: RegistrationId,
    /// For what.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// The event's title.
    pub title: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// IANA time zone.
    pub time_zone: String,
    /// Until when it is held.
    pub offered_until: Timestamp,
}
contract!(
    RegistrationOffered,
    "event.registration.offered",
    "events",
    registration_id
);

/// A person is asked to take over somebody's registration. Never archived,
/// never sent to webhooks: it may name an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationTransferOffered {
    /// Which; its version is the event's `sequence`.
    pub registration_id: RegistrationId,
    /// For what.
    pub event_id: EventId,
    /// Who hands it over; absent for what an organiser prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_user: Option<UserId>,
    /// To which user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_user: Option<UserId>,
    /// To which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The code that takes it over, sealed for the mailer; with an address only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_token: Option<String>,
    /// The event's title.
    pub title: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// IANA time zone.
    pub time_zone: String,
    /// Until when it can be taken.
    pub expires_at: Timestamp,
}
contract!(
    RegistrationTransferOffered,
    "event.registration.transfer.offered",
    "events",
    registration_id
);

/// Ticket types, questions or the waitlist's rules changed. Its `sequence`
/// counts these changes alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionUpdated {
    /// Of which event.
    pub event_id: EventId,
}
contract!(
    AdmissionUpdated,
    "event.admission.updated",
    "events",
    event_id
);

/// An attendee said what they thought of an event, or changed it. Its
/// `sequence` counts that person's changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackGiven {
    /// On what.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// 1 to 5.
    pub rating: u8,
}
contract!(FeedbackGiven, "event.feedback.given", "events", event_id);

/// A venue changed; events that take place there follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueUpdated {
    /// Which.
    pub venue_id: VenueId,
}
contract!(VenueUpdated, "venue.updated", "events", venue_id);

/// An event as a person is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventInBrief {
    /// Which.
    pub event_id: EventId,
    /// Its title.
    pub title: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// IANA time zone.
    pub time_zone: String,
}

/// Events were found that a newcomer may like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WelcomeEventsFound {
    /// For whom.
    pub user_id: UserId,
    /// The events, the best first; never empty.
    pub events: Vec<EventInBrief>,
}
contract!(
    WelcomeEventsFound,
    "event.recommendations.welcome",
    "events",
    user_id
);

/// A person is to hear that an event changed its time or place, or will not
/// take place. Several changes within minutes are one; its `sequence` is the
/// event's SEQUENCE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventChangeNoticed {
    /// Who.
    pub user_id: UserId,
    /// The event as it is now.
    pub event: EventInBrief,
    /// Whether it will not take place.
    pub cancelled: bool,
    /// What changed: of `startsAt`, `endsAt`, `venue`, `room`.
    pub changed: Vec<String>,
    /// The venue's name now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue_name: Option<String>,
    /// The calendar entry's SEQUENCE now (RFC 5545 §3.8.7.4).
    pub calendar_sequence: u32,
}
contract!(
    EventChangeNoticed,
    "event.change.noticed",
    "events",
    user_id
);
