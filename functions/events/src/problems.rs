//! The problems that only this group answers with.

use shared::problem::ProblemType;

/// A move that the state machine does not have.
pub const WRONG_TRANSITION: ProblemType = ProblemType {
    slug: "wrong-transition",
    title: "The event's status does not allow this",
    status: 409,
    description: "`currentStatus` is where it stands, `allowedTransitions` lists what may come next.",
};

/// No place is left, and there is no waitlist.
pub const EVENT_FULL: ProblemType = ProblemType {
    slug: "event-full",
    title: "The event is full",
    status: 409,
    description: "All places are taken and the event keeps no waitlist. Try again later: places may become free.",
};

/// Others change the same places at this moment.
pub const CROWDED: ProblemType = ProblemType {
    slug: "crowded",
    title: "Too many others want the same at this moment",
    status: 503,
    description: "Nothing was changed, and there may well be places: try again after `Retry-After`.",
};

/// Registration is not possible now.
pub const REGISTRATION_CLOSED: ProblemType = ProblemType {
    slug: "registration-closed",
    title: "Registration is closed",
    status: 409,
    description: "The event is not published, was cancelled, or is over.",
};

/// A second registration of the same person.
pub const ALREADY_REGISTERED: ProblemType = ProblemType {
    slug: "already-registered",
    title: "You are registered already",
    status: 409,
    description: "`registrationId` names the registration that exists.",
};

/// Fewer places than are taken.
pub const CAPACITY_TOO_SMALL: ProblemType = ProblemType {
    slug: "capacity-too-small",
    title: "More places are taken than that",
    status: 409,
    description: "`capacity` cannot be set below the number of confirmed registrations.",
};

/// Before or after the time in which a ticket type is on sale.
pub const SALE_CLOSED: ProblemType = ProblemType {
    slug: "sale-closed",
    title: "The ticket type is not on sale now",
    status: 409,
    description: "`detail` says when it is. Other ticket types of the event may be open.",
};

/// A ticket type that somebody has.
pub const TICKET_TYPE_IN_USE: ProblemType = ProblemType {
    slug: "ticket-type-in-use",
    title: "Somebody has a ticket of this type",
    status: 409,
    description: "A ticket type with registrations cannot be removed. End its sale by `salesUntil` instead.",
};

/// No offer of a place that could be taken.
pub const NO_OFFER: ProblemType = ProblemType {
    slug: "no-offer",
    title: "No place is being offered to you",
    status: 409,
    description: "The offer has ended, was taken already, or there was none; the place went to the next.",
};

/// A hand-over that does not exist for the caller, or no longer.
pub const TRANSFER_GONE: ProblemType = ProblemType {
    slug: "transfer-gone",
    title: "The registration is not being handed over to you",
    status: 409,
    description: "The hand-over has ended, was taken back, or is meant for somebody else.",
};

/// The mark of another scan of the same device.
pub const NONCE_TAKEN: ProblemType = ProblemType {
    slug: "nonce-taken",
    title: "The device gave this nonce to another scan",
    status: 409,
    description: "Nothing was kept: send the scan with a fresh nonce, and give each device a name of its own.",
};

/// Feedback before the end, or on what never was.
pub const FEEDBACK_CLOSED: ProblemType = ProblemType {
    slug: "feedback-closed",
    title: "Feedback is not open",
    status: 409,
    description: "Feedback is given once the event is over; a cancelled event gets none.",
};

/// One more secret calendar than a person may have.
pub const TOO_MANY_CALENDARS: ProblemType = ProblemType {
    slug: "too-many-calendars",
    title: "You have as many calendars as one may have",
    status: 409,
    description: "Revoke one that you no longer use, then create another.",
};

/// An event that others are a part of.
pub const HAS_SESSIONS: ProblemType = ProblemType {
    slug: "has-sessions",
    title: "The event has sessions",
    status: 409,
    description: "Delete its sessions first, or cancel the event.",
};

/// All of them.
pub const PROBLEMS: &[&ProblemType] = &[
    &WRONG_TRANSITION,
    &EVENT_FULL,
    &CROWDED,
    &REGISTRATION_CLOSED,
    &ALREADY_REGISTERED,
    &CAPACITY_TOO_SMALL,
    &SALE_CLOSED,
    &TICKET_TYPE_IN_USE,
    &NO_OFFER,
    &TRANSFER_GONE,
    &NONCE_TAKEN,
    &FEEDBACK_CLOSED,
    &TOO_MANY_CALENDARS,
    &HAS_SESSIONS,
];
