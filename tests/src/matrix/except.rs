//! What is allowed although the matrix tries to be refused: by operation, with
//! the reason. The tests fail for an entry that no longer happens.

type Exceptions = &'static [(&'static str, &'static str)];

/// Parameters of paths for which the stage has no real thing of the tenant's.
pub const UNREAL: Exceptions = &[(
    "runId",
    "there is no run before the event is published, and then it is public",
)];

/// Operations that can be called without a token.
pub const OPEN: Exceptions = &[
    ("confirmEmail", "the token of the mail is the right to it"),
    ("forgotPassword", "whoever forgot a password has no token"),
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
    ("getMediaLimits", "what an app checks before it signs in"),
    ("getMeta", "the description of the deployment"),
    ("getOpenApi", "the description of the API"),
    (
        "getOpenidConfiguration",
        "what others verify our tokens by, and where to report a weakness",
    ),
    ("getProblem", "the description of the problems"),
    ("getReadiness", "probes have no account"),
    (
        "getResetPasswordPage",
        "the token of the mail is the right to it",
    ),
    (
        "getSecurityTxt",
        "what others verify our tokens by, and where to report a weakness",
    ),
    (
        "getVerifyEmailPage",
        "the token of the mail is the right to it",
    ),
    ("listEventTypes", "the description of the deployment"),
    ("listEvents", "published events are for everybody"),
    ("listProblems", "the description of the problems"),
    ("listServices", "the description of the deployment"),
    ("login", "it is the way in"),
    ("refresh", "the refresh token is the right to it"),
    ("register", "it is the way in"),
    ("register_signup", "it is the way in"),
    ("resetPassword", "the token of the mail is the right to it"),
    (
        "showUnsubscribePage",
        "the token of the mail is the right to it",
    ),
    ("unsubscribe", "the token of the mail is the right to it"),
    ("verifyEmail", "the token of the mail is the right to it"),
];

/// What the owner of another organisation can do with a tenant's things.
pub const OTHER_TENANT: Exceptions = &[
    (
        "listEvents",
        "it lists what is published; nothing of the tenant's may be in it",
    ),
    (
        "unsaveEvent",
        "one may let go of what one can no longer see",
    ),
];

/// What the lowest role can do with its organisation's things.
pub const LOWEST_ROLE: Exceptions = &[
    ("getEvent", "members see what is internal"),
    ("getOrganization", "members see their organisation"),
    ("listEvents", "members see what is internal"),
    ("listMembers", "members see who belongs to it"),
    ("saveEvent", "everybody keeps what they may see"),
    ("saveEventAlias", "everybody keeps what they may see"),
    (
        "unsaveEvent",
        "one may let go of what one can no longer see",
    ),
];
