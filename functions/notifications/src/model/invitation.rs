//! An event for the recipient's own calendar, as a letter carries it (iTIP, RFC
//! 5546).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::event::events::CalendarDetails;
use shared::ical::{Calendar, Entry, Method, mailto};
use shared::id::EventId;

use super::mail::{Addressee, RETENTION};
use super::message::Occasion;

/// An event as it is to stand in the recipient's calendar, or to leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Which: the entry's UID.
    pub event_id: EventId,
    /// Its title.
    pub title: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// What else its entry says.
    pub details: CalendarDetails,
    /// Whether the recipient goes there no more.
    pub ended: bool,
    /// When this state came to be.
    pub stamp: Timestamp,
}

impl Invitation {
    /// Of an event that the letter is about.
    pub fn to(
        occasion: &Occasion,
        details: CalendarDetails,
        ended: bool,
        stamp: Timestamp,
    ) -> Self {
        Self {
            event_id: occasion.event_id,
            title: occasion.title.clone(),
            starts_at: occasion.starts_at,
            details,
            ended,
            stamp,
        }
    }

    /// What tells newer from older (RFC 5546 §2.1.5).
    pub const fn age(&self) -> (u32, Timestamp) {
        (self.details.sequence, self.stamp)
    }

    /// What the recipient's calendar is to do.
    pub const fn method(&self) -> Method {
        if self.ended {
            Method::Cancel
        } else {
            Method::Request
        }
    }

    /// As iCalendar, from `organizer` to `attendee`, both addresses. Nobody else
    /// who goes there is named, and no answer is asked for.
    pub fn text(&self, organizer: &str, attendee: &str, url: &str) -> String {
        let details = &self.details;
        let entry = Entry {
            uid: &self.event_id.to_string(),
            stamp: self.stamp,
            sequence: details.sequence,
            starts_at: self.starts_at,
            ends_at: details.ends_at,
            summary: &self.title,
            location: &details.location,
            url,
        };
        let mut calendar = Calendar::begin(self.method());
        calendar.event(&entry, |text| {
            // Most programs show no URL.
            text.text("DESCRIPTION", url);
            text.line("ORGANIZER;CN=Plenary", &mailto(organizer));
            let name = match (self.ended, details.accepted) {
                (true, _) => "ATTENDEE",
                (false, true) => "ATTENDEE;PARTSTAT=ACCEPTED;RSVP=FALSE",
                (false, false) => "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=FALSE",
            };
            text.line(name, &mailto(attendee));
            // Without one where the event takes place and the attendee is out
            // (§3.2.5).
            if details.cancelled {
                text.line("STATUS", "CANCELLED");
            } else if !self.ended {
                text.line("STATUS", "CONFIRMED");
            }
            let busy = details.accepted && !self.ended;
            text.line("TRANSP", if busy { "OPAQUE" } else { "TRANSPARENT" });
        });
        calendar.finish()
    }
}

/// The newest state of an event that was written for somebody's calendar: what
/// comes late is not sent after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    /// Whose calendar.
    pub whose: Addressee,
    /// Of which event.
    pub event_id: EventId,
    /// Its SEQUENCE.
    pub sequence: u32,
    /// When that state came to be.
    pub stamp: Timestamp,
    /// When nobody needs this any more.
    pub until: Timestamp,
    /// Counts its changes.
    #[serde(default)]
    pub version: u64,
}

impl Invited {
    /// After `invitation` was written for `whose` calendar, upon `before`.
    pub fn by(invitation: &Invitation, whose: &Addressee, before: Option<&Self>) -> Self {
        let over = invitation.details.ends_at.max(invitation.stamp);
        Self {
            whose: whose.clone(),
            event_id: invitation.event_id,
            sequence: invitation.details.sequence,
            stamp: invitation.stamp,
            until: over.checked_add(RETENTION).unwrap_or(Timestamp::MAX),
            version: before.map_or(0, |before| before.version),
        }
    }

    /// Whether a newer state than this `invitation` was written.
    pub fn outdates(&self, invitation: &Invitation) -> bool {
        (self.sequence, self.stamp) > invitation.age()
    }
}
