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
    &REGISTRATION_CLOSED,
    &ALREADY_REGISTERED,
    &CAPACITY_TOO_SMALL,
    &TOO_MANY_CALENDARS,
    &HAS_SESSIONS,
];
