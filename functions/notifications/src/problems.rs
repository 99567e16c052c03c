//! The problems that only this group has; each is listed at `/v1/problems`.

use shared::problem::ProblemType;

/// Too many old notifications are kept as unread.
pub const TOO_MANY_KEPT: ProblemType = ProblemType {
    slug: "too-many-kept-unread",
    title: "Too many old notifications are kept as unread",
    status: 409,
    description: "After everything was marked as read, at most 200 older notifications can be marked \
                  as unread again. Read some of them first.",
};

/// The unsubscribe link is not ours, or was damaged on the way.
pub const INVALID_UNSUBSCRIBE_LINK: ProblemType = ProblemType {
    slug: "invalid-unsubscribe-link",
    title: "The unsubscribe link is not valid",
    status: 404,
    description: "Open the link from the e-mail once more, or sign in and change the preferences at \
                  `/v1/notifications/preferences`.",
};

/// Every problem of this group.
pub const PROBLEMS: &[&ProblemType] = &[&TOO_MANY_KEPT, &INVALID_UNSUBSCRIBE_LINK];
