//! The English words of every type.

mod events;
mod people;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared::id::EventId;

use crate::model::Message;
use events::{
    WAITLISTED, cancelled, changed_for_attendees, decided, handed_over, offered, place,
    registered_as_guest, registrations, submitted, updated,
};
use people::{
    account, account_kept, export_ready, invitation, member_added, see_invitation, welcome,
    welcome_events,
};

pub use events::take_over;
pub use people::{grouped, link};

/// A message in words, as the inbox shows it and an e-mail begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// A sentence or two.
    pub body: String,
    /// What to press.
    pub action: Action,
}

/// Somewhere to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What the button says.
    pub label: &'static str,
    /// The path of the thing, below the public URL.
    pub path: String,
}

impl Words {
    /// Says `message`; `actor` and `count` as in
    /// [`crate::model::Notification`].
    #[allow(clippy::too_many_lines)] // one arm for each kind
    pub fn of(message: &Message, actor: Option<&str>, count: u32) -> Self {
        match message {
            Message::Welcome { name } => welcome(name.as_deref()),
            Message::WelcomeEvents { events } => welcome_events(events),
            Message::EventSubmitted {
                event_id,
                title,
                changed,
            } => submitted(*event_id, title, actor, changed),
            Message::EventApproved {
                event_id,
                title,
                note,
                changed,
            } => decided(*event_id, title, changed, true, note.as_deref()),
            Message::EventRejected {
                event_id,
                title,
                reason,
                changed,
            } => decided(*event_id, title, changed, false, reason.as_deref()),
            Message::EventUpdated {
                event_id,
                title,
                changed,
            } => updated(*event_id, title, actor, changed),
            Message::EventCancelled {
                event_id,
                title,
                reason,
            } => cancelled(*event_id, title, reason.as_deref()),
            Message::EventChanged {
                occasion,
                cancelled,
                changed,
                venue_name,
                ..
            } => changed_for_attendees(occasion, *cancelled, changed, venue_name.as_deref()),
            Message::EventRegistrations { event_id, title } => {
                registrations(*event_id, title, actor, count)
            }
            Message::RegistrationConfirmed(at) => {
                place(at, "You are registered for", "Your place is confirmed.")
            }
            Message::RegistrationWaitlisted(at) => {
                place(at, "You are on the waitlist for", WAITLISTED)
            }
            Message::RegistrationPromoted(at) => {
                place(at, "You have a place at", "A place became free for you.")
            }
            Message::RegistrationOffered {
                occasion,
                offered_until,
            } => offered(occasion, *offered_until),
            Message::RegistrationTransferLetter {
                occasion,
                by_organizer: true,
                expires_at,
                ..
            } => registered_as_guest(occasion, *expires_at),
            Message::RegistrationTransfer {
                occasion,
                expires_at,
            }
            | Message::RegistrationTransferLetter {
                occasion,
                expires_at,
                ..
            } => handed_over(occasion, actor, *expires_at),
            Message::RegistrationCancelled { occasion, reason } => place(
                occasion,
                "Your registration was cancelled:",
                &with("Your place was released.", "Reason", reason.as_deref()),
            ),
            Message::OrganizationMemberAdded {
                organization_id,
                name,
                role,
            } => member_added(*organization_id, name, *role),
            Message::OrganizationInvitationReceived {
                invitation_id,
                organization_id,
                name,
                role,
                expires_at,
            } => Self {
                action: see_invitation(*organization_id, *invitation_id),
                ..invitation(*organization_id, name, *role, *expires_at)
            },
            Message::OrganizationInvitation {
                organization_id,
                name,
                role,
                expires_at,
                ..
            } => invitation(*organization_id, name, *role, *expires_at),
            Message::ExportReady {
                operation_id,
                expires_at,
            } => export_ready(*operation_id, *expires_at),
            Message::AccountKept {} => account_kept(),
            Message::Account {
                letter,
                expires_at,
                operation_id,
                ..
            } => account(*letter, *expires_at, *operation_id),
        }
    }
}

fn about(event: EventId, title: String, body: String) -> Words {
    let path = format!("/v1/events/{event}");
    let action = Action {
        label: "Open the event",
        path,
    };
    Words {
        title,
        body,
        action,
    }
}

fn with(sentence: &str, label: &str, reason: Option<&str>) -> String {
    match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{sentence} {label}: {reason}"),
        None => sentence.to_owned(),
    }
}

/// An instant as people in `zone` say it; in UTC where the zone is unknown.
fn local(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone)
        .strftime("%A, %-d %B %Y at %H:%M (%Z)")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Occasion;

    #[test]
    fn a_group_is_one_line() {
        let message = Message::EventRegistrations {
            event_id: EventId::new(),
            title: "RustConf".into(),
        };
        let title = |actor, count| Words::of(&message, actor, count).title;
        assert_eq!(title(Some("Ada"), 1), "Ada registered for “RustConf”");
        assert_eq!(
            title(Some("Ada"), 2),
            "Ada and 1 other registered for “RustConf”"
        );
        assert_eq!(
            title(None, 5),
            "Somebody and 4 others registered for “RustConf”"
        );
    }

    #[test]
    fn times_are_local() {
        let message = Message::RegistrationConfirmed(Occasion {
            event_id: EventId::new(),
            title: "RustConf".into(),
            starts_at: "2026-07-10T16:30:00Z".parse().unwrap(),
            time_zone: "Europe/Berlin".into(),
        });
        let body = Words::of(&message, None, 1).body;
        assert!(
            body.contains("Friday, 10 July 2026 at 18:30 (CEST)"),
            "{body}"
        );
    }
}
