//! What a notification says, as data: the words are made when it is read or
//! sent (see [`crate::templates`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::event::auth::Letter;
use shared::id::{EventId, InvitationId, OperationId, OrganizationId};
use shared::principal::Role;
use utoipa::ToSchema;

use super::kind::Kind;

/// The event that a registration is for, as far as a message needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Occasion {
    /// The event.
    pub event_id: EventId,
    /// Its title.
    pub title: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// The IANA zone in which it takes place.
    pub time_zone: String,
}

/// The content of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum Message {
    /// See [`Kind::Welcome`].
    #[serde(rename = "welcome")]
    Welcome {
        /// The new person's name.
        name: Option<String>,
    },
    /// See [`Kind::WelcomeEvents`].
    #[serde(rename = "welcome-events")]
    WelcomeEvents {
        /// The events, the best first.
        events: Vec<Occasion>,
    },
    /// See [`Kind::EventSubmitted`].
    #[serde(rename = "event.submitted")]
    EventSubmitted {
        /// The event.
        event_id: EventId,
        /// Its title.
        title: String,
        /// The fields of a change of what was approved; empty for a new event.
        #[serde(default)]
        changed: Vec<String>,
    },
    /// See [`Kind::EventApproved`].
    #[serde(rename = "event.approved")]
    EventApproved {
        /// The event.
        event_id: EventId,
        /// Its title.
        title: String,
        /// What the approver wrote.
        note: Option<String>,
        /// The fields of a change of what was approved; empty for a new event.
        #[serde(default)]
        changed: Vec<String>,
    },
    /// See [`Kind::EventRejected`].
    #[serde(rename = "event.rejected")]
    EventRejected {
        /// The event.
        event_id: EventId,
        /// Its title.
        title: String,
        /// Why.
        reason: Option<String>,
        /// The fields of a change of what was approved; empty for a new event.
        #[serde(default)]
        changed: Vec<String>,
    },
    /// See [`Kind::EventUpdated`].
    #[serde(rename = "event.updated")]
    EventUpdated {
        /// The event.
        event_id: EventId,
        /// Its title.
        title: String,
        /// The fields that changed.
        changed: Vec<String>,
    },
    /// See [`Kind::EventCancelled`].
    #[serde(rename = "event.cancelled")]
    EventCancelled {
        /// The event.
        event_id: EventId,
        /// Its title.
        title: String,
        /// Why.
        reason: Option<String>,
    },
    /// See [`Kind::EventChanged`].
    #[serde(rename = "event.changed")]
    EventChanged {
        /// The event as it is now.
        #[serde(flatten)]
        occasion: Occasion,
        /// Whether it will not take place.
        cancelled: bool,
        /// What changed: of `startsAt`, `endsAt`, `venue`, `room`.
        changed: Vec<String>,
        /// The venue's name now.
        venue_name: Option<String>,
        /// The calendar entry's SEQUENCE now.
        calendar_sequence: u32,
    },
    /// See [`Kind::EventRegistrations`]; who and how many stand beside it.
    #[serde(rename = "event.registrations")]
    EventRegistrations {
        /// The event.
        event_id: EventId,
        /// Its title.
        title: String,
    },
    /// See [`Kind::RegistrationConfirmed`].
    #[serde(rename = "registration.confirmed")]
    RegistrationConfirmed(Occasion),
    /// See [`Kind::RegistrationWaitlisted`].
    #[serde(rename = "registration.waitlisted")]
    RegistrationWaitlisted(Occasion),
    /// See [`Kind::RegistrationPromoted`].
    #[serde(rename = "registration.promoted")]
    RegistrationPromoted(Occasion),
    /// See [`Kind::RegistrationOffered`].
    #[serde(rename = "registration.offered")]
    RegistrationOffered {
        /// The event.
        #[serde(flatten)]
        occasion: Occasion,
        /// Until when the place is held.
        #[schema(value_type = String, format = DateTime)]
        offered_until: Timestamp,
    },
    /// See [`Kind::RegistrationTransfer`]; who hands it over stands beside it.
    #[serde(rename = "registration.transfer")]
    RegistrationTransfer {
        /// The event.
        #[serde(flatten)]
        occasion: Occasion,
        /// Until when it can be taken over.
        #[schema(value_type = String, format = DateTime)]
        expires_at: Timestamp,
    },
    /// See [`Kind::RegistrationTransferLetter`].
    #[serde(rename = "registration.transfer.letter")]
    RegistrationTransferLetter {
        /// The event.
        #[serde(flatten)]
        occasion: Occasion,
        /// The code, sealed by KMS; opened while sending only.
        sealed_token: String,
        /// Whether the organiser registered the recipient: the letter is the
        /// confirmation then.
        #[serde(default)]
        by_organizer: bool,
        /// Until when it can be taken over.
        #[schema(value_type = String, format = DateTime)]
        expires_at: Timestamp,
    },
    /// See [`Kind::RegistrationCancelled`].
    #[serde(rename = "registration.cancelled")]
    RegistrationCancelled {
        /// The event.
        #[serde(flatten)]
        occasion: Occasion,
        /// Why.
        reason: Option<String>,
    },
    /// See [`Kind::OrganizationMemberAdded`].
    #[serde(rename = "organization.member.added")]
    OrganizationMemberAdded {
        /// The organisation.
        organization_id: OrganizationId,
        /// Its name.
        name: String,
        /// The recipient's role in it.
        role: Role,
    },
    /// See [`Kind::OrganizationInvitationReceived`]; who invites stands beside it.
    #[serde(rename = "organization.invitation.received")]
    OrganizationInvitationReceived {
        /// The invitation.
        invitation_id: InvitationId,
        /// The organisation.
        organization_id: OrganizationId,
        /// Its name.
        name: String,
        /// The role that is offered.
        role: Role,
        /// When the invitation ends.
        #[schema(value_type = String, format = DateTime)]
        expires_at: Timestamp,
    },
    /// See [`Kind::OrganizationInvitation`].
    #[serde(rename = "organization.invitation")]
    OrganizationInvitation {
        /// The organisation.
        organization_id: OrganizationId,
        /// Its name.
        name: String,
        /// The role that is offered.
        role: Role,
        /// The invitation's secret, sealed by KMS; opened while sending only.
        sealed_token: String,
        /// When the invitation ends.
        #[schema(value_type = String, format = DateTime)]
        expires_at: Timestamp,
    },
    /// See [`Kind::ExportReady`]; its file is behind the operation, which only
    /// its owner reads.
    #[serde(rename = "user.export.completed")]
    ExportReady {
        /// The operation.
        operation_id: OperationId,
        /// When the file is removed.
        #[schema(value_type = String, format = DateTime)]
        expires_at: Timestamp,
    },
    /// See [`Kind::AccountKept`].
    #[serde(rename = "user.deletion.cancelled")]
    AccountKept {},
    /// See [`Kind::Account`].
    #[serde(rename = "account")]
    Account {
        /// Which letter.
        #[schema(value_type = String)]
        letter: Letter,
        /// The link's secret, sealed by KMS; opened while sending only.
        sealed_token: Option<String>,
        /// When the link ends.
        #[schema(value_type = Option<String>, format = DateTime)]
        expires_at: Option<Timestamp>,
        /// The operation that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation_id: Option<OperationId>,
    },
}

impl Message {
    /// Its type.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Welcome { .. } => Kind::Welcome,
            Self::WelcomeEvents { .. } => Kind::WelcomeEvents,
            Self::EventSubmitted { .. } => Kind::EventSubmitted,
            Self::EventApproved { .. } => Kind::EventApproved,
            Self::EventRejected { .. } => Kind::EventRejected,
            Self::EventUpdated { .. } => Kind::EventUpdated,
            Self::EventCancelled { .. } => Kind::EventCancelled,
            Self::EventChanged { .. } => Kind::EventChanged,
            Self::EventRegistrations { .. } => Kind::EventRegistrations,
            Self::RegistrationConfirmed(_) => Kind::RegistrationConfirmed,
            Self::RegistrationWaitlisted(_) => Kind::RegistrationWaitlisted,
            Self::RegistrationPromoted(_) => Kind::RegistrationPromoted,
            Self::RegistrationOffered { .. } => Kind::RegistrationOffered,
            Self::RegistrationTransfer { .. } => Kind::RegistrationTransfer,
            Self::RegistrationTransferLetter { .. } => Kind::RegistrationTransferLetter,
            Self::RegistrationCancelled { .. } => Kind::RegistrationCancelled,
            Self::OrganizationMemberAdded { .. } => Kind::OrganizationMemberAdded,
            Self::OrganizationInvitationReceived { .. } => Kind::OrganizationInvitationReceived,
            Self::OrganizationInvitation { .. } => Kind::OrganizationInvitation,
            Self::ExportReady { .. } => Kind::ExportReady,
            Self::AccountKept {} => Kind::AccountKept,
            Self::Account { .. } => Kind::Account,
        }
    }

    /// The same without anything that is somebody's, for what goes to an address.
    pub fn bare(&self) -> Self {
        let mut bare = self.clone();
        match &mut bare {
            Self::Account {
                sealed_token,
                operation_id,
                ..
            } => (*sealed_token, *operation_id) = (None, None),
            Self::OrganizationInvitation { sealed_token, .. }
            | Self::RegistrationTransferLetter { sealed_token, .. } => sealed_token.clear(),
            Self::RegistrationCancelled { reason, .. } => *reason = None,
            _ => {}
        }
        bare
    }

    /// What collects into one notification while that is unread: several
    /// registrations for one event are one line, not a hundred.
    pub fn group(&self) -> Option<String> {
        match self {
            Self::EventRegistrations { event_id, .. } => {
                Some(format!("{}#{event_id}", self.kind()))
            }
            _ => None,
        }
    }
}
