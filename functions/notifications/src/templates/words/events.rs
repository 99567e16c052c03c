//! Of events and registrations.

use jiff::Timestamp;
use shared::id::EventId;

use super::{Action, Words, about, local, with};
use crate::model::Occasion;

pub(super) const WAITLISTED: &str =
    "All places are taken. You move up by yourself when one becomes free.";

pub(super) fn submitted(
    event: EventId,
    title: &str,
    actor: Option<&str>,
    changed: &[String],
) -> Words {
    let who = actor.unwrap_or("An organiser");
    let mut words = if changed.is_empty() {
        about(
            event,
            format!("“{title}” waits for your approval"),
            format!("{who} submitted “{title}” for approval."),
        )
    } else {
        let fields = changed.join(", ");
        about(
            event,
            format!("A change of “{title}” waits for your approval"),
            format!("{who} proposes to change {fields}. Until you decide, it stays as approved."),
        )
    };
    words.action.label = "Review the event";
    words
}

pub(super) fn decided(
    event: EventId,
    title: &str,
    changed: &[String],
    approved: bool,
    reason: Option<&str>,
) -> Words {
    if !changed.is_empty() {
        return change_decided(event, title, changed, approved, reason);
    }
    if approved {
        let body = with(
            "Your event was approved and can be published.",
            "Note",
            reason,
        );
        about(event, format!("“{title}” was approved"), body)
    } else {
        let body = with(
            "You can change your event and submit it again.",
            "Reason",
            reason,
        );
        about(event, format!("“{title}” was not approved"), body)
    }
}

pub(super) fn change_decided(
    event: EventId,
    title: &str,
    changed: &[String],
    approved: bool,
    reason: Option<&str>,
) -> Words {
    let fields = changed.join(", ");
    if approved {
        let body = with(&format!("Changed: {fields}."), "Note", reason);
        about(event, format!("The change of “{title}” was approved"), body)
    } else {
        let body = format!("The event stays as it was approved. Declined: {fields}.");
        let body = with(&body, "Reason", reason);
        about(
            event,
            format!("The change of “{title}” was not approved"),
            body,
        )
    }
}

pub(super) fn updated(
    event: EventId,
    title: &str,
    actor: Option<&str>,
    changed: &[String],
) -> Words {
    let who = actor.unwrap_or("Somebody");
    about(
        event,
        format!("“{title}” was changed"),
        format!("{who} changed your event: {}.", changed.join(", ")),
    )
}

pub(super) fn changed_for_attendees(
    occasion: &Occasion,
    cancelled: bool,
    changed: &[String],
    venue: Option<&str>,
) -> Words {
    let (id, title) = (occasion.event_id, &occasion.title);
    if cancelled {
        let body = "An event that you saved will not take place.".to_owned();
        return about(id, format!("“{title}” was cancelled"), body);
    }
    let time = changed.iter().any(|field| field.ends_with("At"));
    let place = changed.iter().any(|field| !field.ends_with("At"));
    let what = match (time, place) {
        (true, true) => "another time and place",
        (false, true) => "another place",
        _ => "another time",
    };
    let when = local(occasion.starts_at, &occasion.time_zone);
    let at = venue.map_or_else(String::new, |venue| format!(", {venue}"));
    let body = format!("It begins on {when}{at}. Subscribed calendars follow by themselves.");
    let mut words = about(id, format!("“{title}” has {what}"), body);
    words.action = Action {
        label: "Update your calendar",
        path: format!("/v1/events/{id}.ics"),
    };
    words
}

pub(super) fn cancelled(event: EventId, title: &str, reason: Option<&str>) -> Words {
    let body = with(
        "Your event was cancelled; everybody registered is told.",
        "Reason",
        reason,
    );
    about(event, format!("“{title}” was cancelled"), body)
}

pub(super) fn registrations(event: EventId, title: &str, actor: Option<&str>, count: u32) -> Words {
    let first = actor.unwrap_or("Somebody");
    let who = match count {
        0 | 1 => first.to_owned(),
        2 => format!("{first} and 1 other"),
        more => format!("{first} and {} others", more - 1),
    };
    about(
        event,
        format!("{who} registered for “{title}”"),
        "Registrations for your event are coming in.".to_owned(),
    )
}

/// The place is held, and must be taken.
pub(super) fn offered(occasion: &Occasion, until: Timestamp) -> Words {
    let until = local(until, &occasion.time_zone);
    let body = format!(
        "A place became free and is held for you until {until}. Take it, or it goes to the next."
    );
    let mut words = place(occasion, "A place is held for you at", &body);
    words.action.label = "Take the place";
    words
}

/// A registration that the recipient may take over.
pub(super) fn handed_over(occasion: &Occasion, actor: Option<&str>, until: Timestamp) -> Words {
    let who = actor.unwrap_or("Somebody");
    let until = local(until, &occasion.time_zone);
    let body = format!("{who} has a registration for you. You can take it until {until}.");
    let mut words = place(occasion, "A registration for you:", &body);
    words.action.label = "Take the registration";
    words
}

/// What confirms a registration to somebody who has no account.
pub(super) fn registered_as_guest(occasion: &Occasion, until: Timestamp) -> Words {
    let until = local(until, &occasion.time_zone);
    let body = format!(
        "The organiser registered you; your place is confirmed. For your ticket and your calendar, \
         take the registration into an account, until {until}. We write to you here if time or \
         place change."
    );
    let mut words = place(occasion, "You are registered for", &body);
    words.action.label = "Take the registration";
    words
}

/// Where the letter with a hand-over's code leads: the code is a fragment,
/// which browsers send to nobody.
pub fn take_over(event: EventId, code: &str) -> String {
    format!("/v1/events/{event}/registrations/take-over#{code}")
}

pub(super) fn place(occasion: &Occasion, what: &str, body: &str) -> Words {
    let when = local(occasion.starts_at, &occasion.time_zone);
    about(
        occasion.event_id,
        format!("{what} “{}”", occasion.title),
        format!("{body} The event begins on {when}."),
    )
}
