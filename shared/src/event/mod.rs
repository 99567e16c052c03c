//! Domain events: the envelope ([CloudEvents 1.0](https://cloudevents.io)) and
//! every contract, one file per domain.
//!
//! Delivery is at least once and in no order. So an event carries the new
//! state rather than a delta, and `sequence` is the version of its subject: a
//! projection applies only a higher one.

pub mod accounts;
pub mod attendees;
pub mod auth;
pub mod events;
pub mod matchmaking;
pub mod media;
pub mod notifications;
pub mod operations;
pub mod users;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::cx::Context;
use crate::worker::WorkerError;

/// What a domain promises about one type of event.
pub trait Contract: Serialize + DeserializeOwned {
    /// The CloudEvents `type`, dotted.
    const TYPE: &'static str;
    /// Raised by a change that breaks a consumer; both are then published.
    const VERSION: u32;
    /// The publishing domain: `/domains/<group>`.
    const SOURCE: &'static str;

    /// What it is about: an id.
    fn subject(&self) -> String;

    /// The domain that publishes this one, where every domain publishes the type.
    fn source(&self) -> String {
        Self::SOURCE.to_owned()
    }
}

/// An event in its envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Always `1.0`.
    pub specversion: String,
    /// Unique: consumers drop what they have seen.
    pub id: Uuid,
    /// The dotted type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `/domains/<group>`.
    pub source: String,
    /// The id of what it is about.
    pub subject: String,
    /// When it was committed.
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// `/v1/meta/events/<type>/<version>`.
    pub dataschema: String,
    /// The id that binds everything one action set off.
    pub correlationid: String,
    /// W3C Trace Context (CloudEvents distributed-tracing extension).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The user who acted, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The API key or service account by which they did, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actorby: Option<String>,
    /// The subject's version after the change.
    pub sequence: u64,
    /// What the contract of the type says.
    pub data: Value,
}

impl Event {
    /// Puts a payload into its envelope.
    ///
    /// # Errors
    /// The payload has no JSON form.
    pub fn of<C: Contract>(
        payload: &C,
        sequence: u64,
        time: Timestamp,
        cx: &Context,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            specversion: "1.0".into(),
            id: Uuid::now_v7(),
            kind: C::TYPE.into(),
            source: payload.source(),
            subject: payload.subject(),
            time,
            datacontenttype: "application/json".into(),
            dataschema: format!("/v1/meta/events/{}/{}", C::TYPE, C::VERSION),
            correlationid: cx.correlation_id.clone(),
            traceparent: Some(cx.traceparent.clone()),
            actor: cx.actor.clone(),
            actorby: cx.actor_by.clone(),
            sequence,
            data: serde_json::to_value(payload)?,
        })
    }

    /// The payload as its contract has it.
    ///
    /// # Errors
    /// A permanent error: this text will never become valid.
    pub fn data<C: Contract>(&self) -> Result<C, WorkerError> {
        C::deserialize(&self.data).map_err(WorkerError::permanent)
    }

    /// The version of the contract, from `dataschema`.
    pub fn version(&self) -> Option<u32> {
        self.dataschema.rsplit('/').next()?.parse().ok()
    }
}

macro_rules! contract {
    ($name:ident, $kind:literal, $group:literal, $subject:ident) => {
        impl crate::event::Contract for $name {
            const TYPE: &'static str = $kind;
            const VERSION: u32 = 1;
            const SOURCE: &'static str = concat!("/domains/", $group);

            fn subject(&self) -> String {
                self.$subject.to_string()
            }
        }
    };
    // Of a type that every group publishes: which one does stands in a field.
    ($name:ident, $kind:literal, $group:ident, $subject:ident) => {
        impl crate::event::Contract for $name {
            const TYPE: &'static str = $kind;
            const VERSION: u32 = 1;
            const SOURCE: &'static str = "/domains/*";

            fn subject(&self) -> String {
                self.$subject.to_string()
            }

            fn source(&self) -> String {
                format!("/domains/{}", self.$group)
            }
        }
    };
}
pub(crate) use contract;

/// One line of the catalogue of events.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// The dotted type.
    pub kind: &'static str,
    /// The contract's version.
    pub version: u32,
    /// The publishing domain; `/domains/*` where every domain does.
    pub source: &'static str,
    /// Reads a sample as the contract and writes it again; the two must agree.
    pub round_trip: fn(&Value) -> Result<Value, serde_json::Error>,
}

const fn published<C: Contract>() -> Published {
    Published {
        kind: C::TYPE,
        version: C::VERSION,
        source: C::SOURCE,
        round_trip: |sample| serde_json::to_value(C::deserialize(sample)?),
    }
}

/// Every event there is.
pub const CATALOGUE: &[Published] = &[
    published::<auth::UserRegistered>(),
    published::<auth::UserLogin>(),
    published::<auth::UserLogout>(),
    published::<auth::SessionRevoked>(),
    published::<auth::CredentialChanged>(),
    published::<auth::UserContactChanged>(),
    published::<auth::OrganizationCreated>(),
    published::<auth::OrganizationUpdated>(),
    published::<auth::OrganizationDeleted>(),
    published::<auth::OrganizationMemberAdded>(),
    published::<auth::OrganizationMemberChanged>(),
    published::<auth::OrganizationMemberRemoved>(),
    published::<auth::OrganizationInvitationCreated>(),
    published::<auth::AuthMailRequested>(),
    published::<accounts::UserPasswordChanged>(),
    published::<accounts::UserEmailChanged>(),
    published::<accounts::UserSuspended>(),
    published::<accounts::UserReinstated>(),
    published::<accounts::UserRoleChanged>(),
    published::<accounts::UserPasswordResetRequired>(),
    published::<accounts::UserExternalIdsChanged>(),
    published::<accounts::UserIdentityChanged>(),
    published::<accounts::UserConsentChanged>(),
    published::<accounts::UserSecondFactorsChanged>(),
    published::<accounts::OrganizationInvitationAccepted>(),
    published::<accounts::OrganizationInvitationRevoked>(),
    published::<accounts::OrganizationInvitationDeclined>(),
    published::<users::UserProfileUpdated>(),
    published::<users::ConnectionAccepted>(),
    published::<users::ConnectionRemoved>(),
    published::<events::EventCreated>(),
    published::<events::EventUpdated>(),
    published::<events::EventDeleted>(),
    published::<events::EventSubmitted>(),
    published::<events::EventApproved>(),
    published::<events::EventRejected>(),
    published::<events::EventPublished>(),
    published::<events::EventCancelled>(),
    published::<events::EventCompleted>(),
    published::<events::EventSaved>(),
    published::<events::EventUnsaved>(),
    published::<events::RegistrationCreated>(),
    published::<events::RegistrationCancelled>(),
    published::<events::RegistrationPromoted>(),
    published::<events::RegistrationCheckedIn>(),
    published::<events::RegistrationCheckInUndone>(),
    published::<events::RegistrationOffered>(),
    published::<events::RegistrationTransferOffered>(),
    published::<attendees::AnswersShared>(),
    published::<attendees::GuestNoticed>(),
    published::<events::AdmissionUpdated>(),
    published::<events::FeedbackGiven>(),
    published::<events::EventChangeNoticed>(),
    published::<events::VenueUpdated>(),
    published::<events::WelcomeEventsFound>(),
    published::<matchmaking::MatchmakingRunRequested>(),
    published::<media::MediaUploaded>(),
    published::<media::MediaProcessed>(),
    published::<media::MediaDeleted>(),
    published::<notifications::NotificationCreated>(),
    published::<notifications::NotificationDelivered>(),
    published::<notifications::NotificationFailed>(),
    published::<operations::UserDeletionRequested>(),
    published::<operations::UserDeletionCancelled>(),
    published::<operations::UserDeleted>(),
    published::<operations::UserExportRequested>(),
    published::<operations::UserExportCompleted>(),
    published::<operations::SagaStepCompleted>(),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// XC-11: the samples beside the template are what the structs write.
    #[test]
    fn xc_11_contracts_and_samples_agree() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/contracts");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        for contract in CATALOGUE {
            let name = format!("{}.v{}.json", contract.kind, contract.version);
            let at = files.iter().position(|file| *file == name);
            assert!(at.is_some(), "events/contracts/{name} is missing");
            files.remove(at.unwrap());
            let text = std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
            let event: Event = serde_json::from_str(&text).unwrap();
            assert_eq!(event.kind, contract.kind);
            assert!([event.source.as_str(), "/domains/*"].contains(&contract.source));
            assert_eq!(event.version(), Some(contract.version));
            assert_eq!(
                (contract.round_trip)(&event.data).unwrap(),
                event.data,
                "{name}"
            );
        }
        assert!(files.is_empty(), "no contract stands behind {files:?}");
    }
}
