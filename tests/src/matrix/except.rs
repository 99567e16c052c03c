//! What is allowed although the matrix tries to be refused: by operation, with
//! the reason. The tests fail for an entry that no longer happens.

type Exceptions = &'static [(&'static str, &'static str)];

/// Parameters of paths for which the stage has no real thing of the tenant's.
pub const UNREAL: Exceptions = &[
    (
        "keyId",
        "keys are handled by whom they belong to; the keys' own tests try others",
    ),
    ("number", "nobody holds a ticket of the draft"),
    (
        "passkeyId",
        "a passkey needs an authenticator; the passkeys' own tests try others",
    ),
    ("provider", "no provider is configured here"),
    ("purpose", "a word, no id"),
    (
        "runId",
        "there is no run before the event is published, and then it is public",
    ),
    (
        "serviceAccountId",
        "the programs' own tests try other organisations",
    ),
    ("what", "a word, no id"),
];

/// Operations that can be called without a token.
pub const OPEN: Exceptions = &[
    ("beginPasskeySignIn", "it is the way in"),
    (
        "cancelDeletion",
        "nobody is signed in to a deactivated account; its token is the right to it",
    ),
    ("confirmEmail", "the token of the mail is the right to it"),
    ("finishOauth", "the code of the provider is the right to it"),
    ("forgotPassword", "whoever forgot a password has no token"),
    ("getAdmission", "published events are for everybody"),
    (
        "getCancelDeletionPage",
        "the token of the mail is the right to it",
    ),
    (
        "getConfirmEmailPage",
        "the token of the mail is the right to it",
    ),
    ("getDocs", "the description of the API"),
    ("getEvent", "published events are for everybody"),
    ("getEventSchema", "the description of the deployment"),
    (
        "getForgotPasswordPage",
        "whoever forgot a password has no token",
    ),
    ("getGroupHealth", "probes have no account"),
    ("getHealth", "probes have no account"),
    (
        "getInvitation",
        "the token of the mail is the right to see it",
    ),
    (
        "getJwks",
        "what others verify our tokens by, and where to report a weakness",
    ),
    ("getLiveness", "probes have no account"),
    (
        "getMagicLinkPage",
        "the token of the mail is the right to it",
    ),
    ("getMediaLimits", "what an app checks before it signs in"),
    ("getMeta", "the description of the deployment"),
    (
        "getOauthAuthorizationServer",
        "what others verify our tokens by, and where to report a weakness",
    ),
    ("getOpenApi", "the description of the API"),
    (
        "getOpenidConfiguration",
        "what others verify our tokens by, and where to report a weakness",
    ),
    (
        "getOperation",
        "who was deleted has no account; exports are hidden from all but their owner",
    ),
    ("getProblem", "the description of the problems"),
    ("getProgramme", "published events are for everybody"),
    ("getReadiness", "probes have no account"),
    (
        "getResetPasswordPage",
        "the token of the mail is the right to it",
    ),
    (
        "getSecurityTxt",
        "what others verify our tokens by, and where to report a weakness",
    ),
    ("getVenue", "published events are for everybody"),
    (
        "getVerifyEmailPage",
        "the token of the mail is the right to it",
    ),
    ("listEventTypes", "the description of the deployment"),
    ("listEvents", "published events are for everybody"),
    ("listEventsAsCalendar", "published events are for everybody"),
    ("listProblems", "the description of the problems"),
    ("listServices", "the description of the deployment"),
    ("listTicketKeys", "what devices verify tickets by"),
    ("listVenues", "published events are for everybody"),
    ("login", "it is the way in"),
    ("passkeySignIn", "it is the way in"),
    (
        "readCalendarFeed",
        "the secret in the address is the right to it",
    ),
    ("refresh", "the refresh token is the right to it"),
    ("register", "it is the way in"),
    ("register_signup", "it is the way in"),
    ("requestMagicLink", "it is the way in"),
    ("resetPassword", "the token of the mail is the right to it"),
    (
        "returnFromOauth",
        "the code of the provider is the right to it",
    ),
    ("revokeToken", "the token itself is the right to end it"),
    ("searchEvents", "published events are for everybody"),
    (
        "showUnsubscribePage",
        "the token of the mail is the right to it",
    ),
    ("startOauth", "it is the way in"),
    ("takeOverPage", "the token of the mail is the right to it"),
    ("token", "clients authenticate by themselves"),
    ("unsubscribe", "the token of the mail is the right to it"),
    ("verifyEmail", "the token of the mail is the right to it"),
    (
        "verifyMagicLink",
        "the token of the mail is the right to it",
    ),
    (
        "verifySecondFactor",
        "the challenge of a sign-in is the right to it",
    ),
];

/// What the owner of another organisation can do with a tenant's things.
pub const OTHER_TENANT: Exceptions = &[
    (
        "listEvents",
        "it lists what is published; nothing of the tenant's may be in it",
    ),
    (
        "listEventsAsCalendar",
        "it lists what is published; nothing of the tenant's may be in it",
    ),
    (
        "listVenues",
        "it lists what is public; nothing of the tenant's may be in it",
    ),
    (
        "searchEvents",
        "it lists what is published; nothing of the tenant's may be in it",
    ),
    (
        "unsaveEvent",
        "one may let go of what one can no longer see",
    ),
];

/// What the lowest role can do with its organisation's things.
pub const LOWEST_ROLE: Exceptions = &[
    ("getAdmission", "members see what is internal"),
    ("getEvent", "members see what is internal"),
    ("getEventHistory", "members see what is internal"),
    ("getOrganization", "members see their organisation"),
    ("getProgramme", "members see what is internal"),
    ("listEvents", "members see what is internal"),
    ("listEventsAsCalendar", "members see what is internal"),
    ("listMembers", "members see who belongs to it"),
    ("listVenues", "members see what is internal"),
    ("saveEvent", "everybody keeps what they may see"),
    ("saveEventAlias", "everybody keeps what they may see"),
    ("searchEvents", "members see what is internal"),
    (
        "unsaveEvent",
        "one may let go of what one can no longer see",
    ),
];
