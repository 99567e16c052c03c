//! The problems that only this group answers with.

use shared::problem::ProblemType;

/// No networking profile yet.
pub const PROFILE_REQUIRED: ProblemType = ProblemType {
    slug: "profile-required",
    title: "You have no networking profile yet",
    status: 409,
    description: "Matches are made from your profile: set it with `PUT /v1/matchmaking/profile`.",
};

/// The profile says that its owner takes no part.
pub const MATCHING_OFF: ProblemType = ProblemType {
    slug: "matching-off",
    title: "Your profile takes no part in matching",
    status: 409,
    description: "Only those who can be found can find. Set `preferences.openToMatch` to true and `preferences.visibleTo` to `attendees`.",
};

/// Matches are for attendees.
pub const NOT_ATTENDING: ProblemType = ProblemType {
    slug: "not-attending",
    title: "You do not attend this event",
    status: 403,
    description: "Only those who have a place at an event see its other attendees. A new registration takes a few seconds to arrive here.",
};

/// The event does not take place.
pub const MATCHING_CANCELLED: ProblemType = ProblemType {
    slug: "matching-cancelled",
    title: "The event was cancelled",
    status: 409,
    description: "There is no matching for an event that does not take place.",
};

/// The last run is too young.
pub const RUN_TOO_SOON: ProblemType = ProblemType {
    slug: "run-too-soon",
    title: "The last run was a moment ago",
    status: 409,
    description: "An event's matches are made afresh at most once a minute; `Retry-After` says when.",
};

/// Somebody else changes the same thing all the time.
pub const BUSY: ProblemType = ProblemType {
    slug: "changed-meanwhile",
    title: "It was changed in the same moment",
    status: 409,
    description: "Another change came first, several times in a row. Send the request again.",
};

/// All of them.
pub const PROBLEMS: &[&ProblemType] = &[
    &PROFILE_REQUIRED,
    &MATCHING_OFF,
    &NOT_ATTENDING,
    &MATCHING_CANCELLED,
    &RUN_TOO_SOON,
    &BUSY,
];
