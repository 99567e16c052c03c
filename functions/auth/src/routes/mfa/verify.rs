//! `POST /v1/auth/mfa/verify`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{
    grant::SignedIn,
    model::{
        challenge::ChallengeToken,
        secret::Secret,
        webauthn::{Assertion, AssertionJson},
    },
    passkeys::refused,
    second_factor::{Presented, again, gone},
    state::App,
};

/// A second factor: exactly one of `code`, `recoveryCode` and `passkey`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifySecondFactor {
    /// Of the answer that asked for it.
    challenge_id: Secret,
    /// Six digits of the authenticator app.
    #[schema(example = "287082")]
    code: Option<Secret>,
    #[schema(example = "k3vq7-xn29h")]
    recovery_code: Option<Secret>,
    /// The credential's `toJSON()`.
    passkey: Option<AssertionJson>,
}

/// Complete a sign-in
///
/// with the second factor that the answer to the first step asked for. Five
/// wrong codes end the challenge; after several in a row, the account waits a
/// little before it looks at the next, at most a quarter of an hour.
#[utoipa::path(
    post, path = "/v1/auth/mfa/verify", tag = "auth", operation_id = "verifySecondFactor",
    request_body = VerifySecondFactor,
    security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "`invalid-request`: the code is wrong"),
        (status = 403, description = "`account-suspended`"),
        (status = 410, description = "`challenge-gone`"),
        (status = 429, description = "`quota-exceeded`"),
    )
)]
pub async fn verify(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<VerifySecondFactor>,
) -> Result<Reply, Problem> {
    let token = ChallengeToken::parse(&body.challenge_id).ok_or_else(gone)?;
    let assertion = assertion(body.passkey.as_ref())?;
    let presented = match (&body.code, &body.recovery_code, &assertion) {
        (Some(code), None, None) => Presented::Code(code),
        (None, Some(code), None) => Presented::RecoveryCode(code),
        (None, None, Some(passkey)) => Presented::Passkey(passkey, &token),
        _ => return Err(one_of("`code`, `recoveryCode` or `passkey`")),
    };
    again(|| app.finish_sign_in(&cx, &token, presented)).await
}

/// What a passkey signed, if one did.
pub(in crate::routes) fn assertion(
    json: Option<&AssertionJson>,
) -> Result<Option<Assertion>, Problem> {
    json.map(Assertion::try_from)
        .transpose()
        .map_err(|refusal| refused("/passkey", refusal))
}

/// None or several of the alternatives were sent.
pub(in crate::routes) fn one_of(alternatives: &str) -> Problem {
    Problem::invalid(
        "",
        "one-of",
        format!("must have exactly one of {alternatives}"),
    )
}
