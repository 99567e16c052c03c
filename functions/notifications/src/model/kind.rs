//! The types of notification and the channels they take.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Channel {
    /// The inbox that the API serves.
    InApp,
    /// Electronic mail.
    Email,
}

impl Channel {
    /// As it is written in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InApp => "in-app",
            Self::Email => "email",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, critical: $critical:literal;)*) => {
        /// What a notification is about; the `type` of the interface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Kind {
            /// Every type there is, in the order of the preferences.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As the interface writes it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether it goes to an address by e-mail alone, whatever the
            /// preferences say.
            pub const fn letter_only(self) -> bool {
                matches!(
                    self,
                    Self::OrganizationInvitation
                        | Self::Account
                        | Self::RegistrationTransferLetter
                )
            }

            /// Whether it always reaches the person on every channel and at
            /// once: nobody should stand before a closed door because a
            /// switch was off.
            pub const fn critical(self) -> bool {
                match self { $(Self::$name => $critical,)* }
            }
        }
    };
}

kinds! {
    /// A new account.
    Welcome = "welcome", critical: false;
    /// Events that a newcomer may like.
    WelcomeEvents = "welcome-events", critical: false;
    /// An event waits for the recipient's approval.
    EventSubmitted = "event.submitted", critical: false;
    /// The recipient's event was approved.
    EventApproved = "event.approved", critical: false;
    /// The recipient's event was rejected.
    EventRejected = "event.rejected", critical: false;
    /// Somebody else changed the recipient's event.
    EventUpdated = "event.updated", critical: false;
    /// Somebody else cancelled the recipient's event.
    EventCancelled = "event.cancelled", critical: true;
    /// An event that the recipient goes to or keeps has another time or place,
    /// or will not take place.
    EventChanged = "event.changed", critical: true;
    /// People registered for the recipient's event; grouped.
    EventRegistrations = "event.registrations", critical: false;
    /// The recipient has a place.
    RegistrationConfirmed = "registration.confirmed", critical: false;
    /// The recipient is on the waitlist.
    RegistrationWaitlisted = "registration.waitlisted", critical: false;
    /// The recipient moved from the waitlist to a place.
    RegistrationPromoted = "registration.promoted", critical: true;
    /// A place from the waitlist is held for the recipient.
    RegistrationOffered = "registration.offered", critical: true;
    /// Somebody hands a registration over to the recipient.
    RegistrationTransfer = "registration.transfer", critical: false;
    /// The same, to an address; e-mail only.
    RegistrationTransferLetter = "registration.transfer.letter", critical: true;
    /// The recipient's place is gone.
    RegistrationCancelled = "registration.cancelled", critical: true;
    /// The recipient belongs to an organisation now.
    OrganizationMemberAdded = "organization.member.added", critical: false;
    /// Somebody invites the recipient, a user, into an organisation.
    OrganizationInvitationReceived = "organization.invitation.received", critical: false;
    /// The same, to an address; e-mail only.
    OrganizationInvitation = "organization.invitation", critical: true;
    /// The copy of everything that is kept of the recipient can be fetched.
    ExportReady = "user.export.completed", critical: true;
    /// The recipient's account will not be deleted after all.
    AccountKept = "user.deletion.cancelled", critical: true;
    /// A letter about the account itself; e-mail only.
    Account = "account", critical: true;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().find(|kind| kind.name() == text);
        found.copied().ok_or(UnknownKind)
    }
}

/// A text that names no type of notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such type of notification")]
pub struct UnknownKind;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_reads_as_it_is_written() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse::<Kind>(), Ok(*kind));
            assert_eq!(serde_json::json!(kind), kind.name());
        }
        assert!("welcom".parse::<Kind>().is_err());
    }
}
