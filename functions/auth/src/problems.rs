//! The problems that only this group has; each is listed at `/v1/problems`.

use http::header::WWW_AUTHENTICATE;
use shared::problem::{Problem, ProblemType, UNAUTHENTICATED};

/// The session of a token ended a moment ago.
pub fn ended() -> Problem {
    Problem::new(&UNAUTHENTICATED)
        .detail("The session has ended.")
        .header(
            WWW_AUTHENTICATE,
            "Bearer realm=\"plenary\", error=\"invalid_token\"",
        )
}

/// The address belongs to an account.
pub const EMAIL_TAKEN: ProblemType = ProblemType {
    slug: "email-taken",
    title: "The e-mail address is taken",
    status: 409,
    description: "There is an account with this e-mail address. Sign in, or register with another.",
};

/// The link of a mail works no more.
pub const LINK_GONE: ProblemType = ProblemType {
    slug: "link-gone",
    title: "The link is no longer valid",
    status: 410,
    description: "It was used, replaced by a newer one, or its time is over. Ask for another.",
};

/// The code of a mail is not accepted.
pub const CODE_REFUSED: ProblemType = ProblemType {
    slug: "code-refused",
    title: "The code is not accepted",
    status: 401,
    description: "It is wrong, was used or replaced by a newer one, its time is over, or it was tried too \
                  often. Which of these is not told. The link in the same mail may still work.",
};

/// The account has no password.
pub const NO_PASSWORD: ProblemType = ProblemType {
    slug: "no-password",
    title: "The account has no password",
    status: 409,
    description: "Its owner signs in by other means. Choose a password with a link from \
                  `POST /v1/auth/forgot-password` first.",
};

/// The provider is off.
pub const PROVIDER_NOT_CONFIGURED: ProblemType = ProblemType {
    slug: "provider-not-configured",
    title: "Nobody can sign in with this provider here",
    status: 404,
    description: "The operator of this deployment has not set the provider up.",
};

/// The place is not on the list.
pub const REDIRECT_REFUSED: ProblemType = ProblemType {
    slug: "redirect-refused",
    title: "A sign-in may not lead there",
    status: 400,
    description: "`redirectUri` must be one of those that the operator has listed, to the letter.",
};

/// The sign-in with a provider is over.
pub const FLOW_GONE: ProblemType = ProblemType {
    slug: "sign-in-gone",
    title: "The sign-in is no longer open",
    status: 410,
    description: "It was finished, its ten minutes are over, or it was begun elsewhere, for another \
                  provider, or for another purpose. Which of these is not told. Begin again.",
};

/// The provider does not confirm who it is.
pub const PROVIDER_REFUSED: ProblemType = ProblemType {
    slug: "provider-refused",
    title: "The provider does not confirm the sign-in",
    status: 400,
    description: "It refused the code, or what it said of the person cannot be believed. Begin again.",
};

/// The provider does not vouch for the address.
pub const ADDRESS_UNVERIFIED: ProblemType = ProblemType {
    slug: "address-unverified",
    title: "The provider does not vouch for an e-mail address",
    status: 403,
    description: "Verify the address at the provider; or sign in here in another way and link the provider.",
};

/// The address belongs to an account that is not linked.
pub const ACCOUNT_EXISTS: ProblemType = ProblemType {
    slug: "account-exists",
    title: "There is an account with this address",
    status: 409,
    description: "Its owner has not proved the address yet, so it is not linked by itself. Sign in to it in \
                  another way (`POST /v1/auth/magic-link` proves the address too), then link the provider.",
};

/// The account's address is not verified.
pub const EMAIL_NOT_VERIFIED: ProblemType = ProblemType {
    slug: "email-not-verified",
    title: "The account's address is not verified",
    status: 403,
    description: "Prove it first: `POST /v1/auth/verify-email/resend` sends the letter again.",
};

/// The identity is linked to another account.
pub const IDENTITY_TAKEN: ProblemType = ProblemType {
    slug: "identity-taken",
    title: "The identity belongs to another account",
    status: 409,
    description: "Sign in with it to see which. It can be linked here once it was unlinked there.",
};

/// The account has another identity at this provider.
pub const PROVIDER_LINKED: ProblemType = ProblemType {
    slug: "provider-linked",
    title: "The account is linked to somebody else at this provider",
    status: 409,
    description: "An account has one identity at each provider. Unlink the other first.",
};

/// Nothing else signs in.
pub const LAST_WAY_IN: ProblemType = ProblemType {
    slug: "last-way-in",
    title: "It is the last way to sign in",
    status: 409,
    description: "Choose a password or link another provider first.",
};

/// The username belongs to an account.
pub const USERNAME_TAKEN: ProblemType = ProblemType {
    slug: "username-taken",
    title: "The username is taken",
    status: 409,
    description: "Somebody else has this username. Choose another.",
};

/// Wrong address or password.
pub const INVALID_CREDENTIALS: ProblemType = ProblemType {
    slug: "invalid-credentials",
    title: "Invalid credentials",
    status: 401,
    description: "No account has this e-mail address and password. Which of the two is wrong is not told.",
};

/// The refresh token cannot be exchanged.
pub const INVALID_REFRESH_TOKEN: ProblemType = ProblemType {
    slug: "invalid-refresh-token",
    title: "The refresh token is not valid",
    status: 401,
    description: "It is malformed, expired, revoked or was used before; in the last case its session \
                  was ended, since somebody may have a copy. Sign in again.",
};

/// The account is suspended.
pub const ACCOUNT_SUSPENDED: ProblemType = ProblemType {
    slug: "account-suspended",
    title: "The account is suspended",
    status: 403,
    description: "An administrator suspended this account. Only they can lift it.",
};

/// The account is to be deleted.
pub const ACCOUNT_DELETING: ProblemType = ProblemType {
    slug: "account-deleting",
    title: "The account is to be deleted",
    status: 403,
    description: "Its person asked for it, and it is deactivated until it is erased at `eraseAt`. To keep it, \
                  while that can be, send the `cancelToken` of this answer to `POST /v1/users/me/deletion/cancel` within five \
                  minutes, and sign in again.",
};

/// An export was asked for not long ago.
pub const EXPORT_UNDERWAY: ProblemType = ProblemType {
    slug: "export-underway",
    title: "An export was asked for already",
    status: 409,
    description: "A person can ask for their data once in 24 hours; `operationId` names the operation that \
                  has, or will have, the file.",
};

/// Somebody with a role on the platform wants to go.
pub const ROLE_HELD: ProblemType = ProblemType {
    slug: "role-held",
    title: "The account has a role on the platform",
    status: 409,
    description: "Another owner of the platform takes the role away first, so that there always is one.",
};

/// The password no longer signs anybody in.
pub const PASSWORD_RESET_REQUIRED: ProblemType = ProblemType {
    slug: "password-reset-required",
    title: "Another password is required",
    status: 403,
    description: "The password is right, but an administrator requires another one. Ask for a link at \
                  `POST /v1/auth/forgot-password`; until then the password proves nothing.",
};

/// The identity elsewhere belongs to an account.
pub const EXTERNAL_ID_TAKEN: ProblemType = ProblemType {
    slug: "external-id-taken",
    title: "The external id is taken",
    status: 409,
    description: "Another account has this identity of this provider. Take it away there first.",
};

/// The challenge can no longer be answered.
pub const CHALLENGE_GONE: ProblemType = ProblemType {
    slug: "challenge-gone",
    title: "The challenge is no longer open",
    status: 410,
    description: "It was answered, is older than five minutes, had too many wrong answers, or is for \
                  something else. Begin again.",
};

/// A recent proof is needed.
pub const STEP_UP_REQUIRED: ProblemType = ProblemType {
    slug: "step-up-required",
    title: "Prove again that it is you",
    status: 403,
    description: "This needs a proof of at most `maxAge` seconds ago by one of `methods`. Send it to \
                  `POST /v1/auth/step-up` and repeat the request; or sign in again.",
};

/// There is no enrolment to confirm.
pub const NO_ENROLMENT: ProblemType = ProblemType {
    slug: "no-enrolment",
    title: "There is nothing to confirm",
    status: 409,
    description: "No authenticator app was enrolled on this session in the last ten minutes, or it is \
                  confirmed already. Enrol again.",
};

/// The account has no second factor.
pub const NO_SECOND_FACTOR: ProblemType = ProblemType {
    slug: "no-second-factor",
    title: "There is no second factor",
    status: 409,
    description: "Recovery codes stand in for a second factor. Add an authenticator app or a passkey first.",
};

/// The credential belongs to an account.
pub const PASSKEY_TAKEN: ProblemType = ProblemType {
    slug: "passkey-taken",
    title: "The passkey is known already",
    status: 409,
    description: "This credential was added before, to this account or another. Make a new one.",
};

/// The account has too many passkeys.
pub const TOO_MANY_PASSKEYS: ProblemType = ProblemType {
    slug: "too-many-passkeys",
    title: "Too many passkeys",
    status: 409,
    description: "An account can have at most 20 passkeys. Remove one first.",
};

/// The slug belongs to an organisation.
pub const SLUG_TAKEN: ProblemType = ProblemType {
    slug: "slug-taken",
    title: "The slug is taken",
    status: 409,
    description: "Another organisation has this slug. Choose another.",
};

/// The organisation would be left without an owner.
pub const LAST_OWNER: ProblemType = ProblemType {
    slug: "last-owner",
    title: "An organisation needs an owner",
    status: 409,
    description: "The only owner can neither leave nor take a lower role. Make somebody else an owner \
                  first, or delete the organisation.",
};

/// The user is a member already.
pub const ALREADY_MEMBER: ProblemType = ProblemType {
    slug: "already-member",
    title: "Already a member",
    status: 409,
    description: "The user belongs to the organisation. Change the role of the membership instead.",
};

/// The address has an open invitation.
pub const ALREADY_INVITED: ProblemType = ProblemType {
    slug: "already-invited",
    title: "Already invited",
    status: 409,
    description: "There is an open invitation for this address or user: withdraw it before you send another. \
                  Or the last one was withdrawn or declined: wait for `Retry-After`.",
};

/// So many invitations were sent today.
pub const TOO_MANY_INVITATIONS: ProblemType = ProblemType {
    slug: "too-many-invitations",
    title: "Too many invitations today",
    status: 429,
    description: "A person and an organisation each send at most 200 invitations a day (UTC). Go on tomorrow.",
};

/// The user is in too many organisations.
pub const TOO_MANY_ORGANIZATIONS: ProblemType = ProblemType {
    slug: "too-many-organizations",
    title: "Too many organisations",
    status: 409,
    description: "A user can be a member of at most 100 organisations.",
};

/// The owner has as many keys and service accounts as they can have.
pub const TOO_MANY_KEYS: ProblemType = ProblemType {
    slug: "too-many-keys",
    title: "Too many keys",
    status: 409,
    description: "A person or an organisation can have at most 50 API keys and service accounts. Delete one.",
};

/// The key has as many working secrets as it can have.
pub const TOO_MANY_SECRETS: ProblemType = ProblemType {
    slug: "too-many-secrets",
    title: "Too many secrets work at once",
    status: 409,
    description: "Five secrets of this key or service account work already. Wait for the end of an overlap, \
                  or rotate with an overlap of 0, which ends the others.",
};

/// Wrong or missing client credentials.
pub const INVALID_CLIENT: ProblemType = ProblemType {
    slug: "invalid-client",
    title: "The client is not known",
    status: 401,
    description: "Send the id and the secret of a service account by HTTP Basic, or as `client_id` and \
                  `client_secret` in the body (RFC 6749 §2.3.1). `error` is `invalid_client`.",
};

/// The token request is of a kind that there is not.
pub const UNSUPPORTED_GRANT_TYPE: ProblemType = ProblemType {
    slug: "unsupported-grant-type",
    title: "There is no such grant",
    status: 400,
    description: "`grant_type` must be `client_credentials`. `error` is `unsupported_grant_type`.",
};

/// More was asked for than the service account may have.
pub const INVALID_SCOPE: ProblemType = ProblemType {
    slug: "invalid-scope",
    title: "The scope is more than was granted",
    status: 400,
    description: "`scope` may only name what the service account was given. `error` is `invalid_scope`.",
};

/// The token belongs to another client.
pub const UNAUTHORIZED_CLIENT: ProblemType = ProblemType {
    slug: "unauthorized-client",
    title: "The token was issued to another client",
    status: 400,
    description: "A client revokes its own tokens. Without client credentials, whoever holds a token may \
                  revoke it. `error` is `unauthorized_client`.",
};

/// The invitation can no longer be accepted.
pub const INVITATION_GONE: ProblemType = ProblemType {
    slug: "invitation-gone",
    title: "The invitation is no longer open",
    status: 410,
    description: "It expired, was withdrawn, declined or accepted, or who sent it may not invite any more. Ask \
                  for a new one.",
};

/// The invitation is for somebody else.
pub const INVITATION_FOR_ANOTHER: ProblemType = ProblemType {
    slug: "invitation-for-another-address",
    title: "The invitation is for another address",
    status: 403,
    description: "Sign in to the account that was invited, or that has the e-mail address the invitation was \
                  sent to.",
};

/// All of them.
pub const PROBLEMS: &[&ProblemType] = &[
    &EMAIL_TAKEN,
    &LINK_GONE,
    &CODE_REFUSED,
    &PROVIDER_NOT_CONFIGURED,
    &REDIRECT_REFUSED,
    &FLOW_GONE,
    &PROVIDER_REFUSED,
    &ADDRESS_UNVERIFIED,
    &ACCOUNT_EXISTS,
    &EMAIL_NOT_VERIFIED,
    &IDENTITY_TAKEN,
    &PROVIDER_LINKED,
    &LAST_WAY_IN,
    &NO_PASSWORD,
    &USERNAME_TAKEN,
    &INVALID_CREDENTIALS,
    &INVALID_REFRESH_TOKEN,
    &ACCOUNT_SUSPENDED,
    &PASSWORD_RESET_REQUIRED,
    &EXTERNAL_ID_TAKEN,
    &CHALLENGE_GONE,
    &STEP_UP_REQUIRED,
    &NO_ENROLMENT,
    &NO_SECOND_FACTOR,
    &PASSKEY_TAKEN,
    &TOO_MANY_PASSKEYS,
    &SLUG_TAKEN,
    &LAST_OWNER,
    &ACCOUNT_DELETING,
    &EXPORT_UNDERWAY,
    &ROLE_HELD,
    &ALREADY_MEMBER,
    &ALREADY_INVITED,
    &TOO_MANY_INVITATIONS,
    &TOO_MANY_ORGANIZATIONS,
    &TOO_MANY_KEYS,
    &TOO_MANY_SECRETS,
    &INVALID_CLIENT,
    &UNSUPPORTED_GRANT_TYPE,
    &INVALID_SCOPE,
    &UNAUTHORIZED_CLIENT,
    &INVITATION_GONE,
    &INVITATION_FOR_ANOTHER,
];
