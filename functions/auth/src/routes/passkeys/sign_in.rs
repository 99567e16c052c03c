//! `/v1/auth/passkeys/sign-in`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};
use utoipa::ToSchema;

use super::AssertionRequest;
use crate::{
    grant::SignedIn,
    model::{
        challenge::{Challenge, ChallengeToken, ChallengeUse},
        secret::Secret,
        webauthn::{Assertion, AssertionJson, RequestOptions},
    },
    passkeys::refused,
    second_factor::{again, gone},
    state::App,
    store::Spent,
};

/// Begin a sign-in by passkey
///
/// Nobody is named: the browser offers the passkeys that it has, at once or,
/// with `mediation: "conditional"`, in the form's autofill.
#[utoipa::path(
    post, path = "/v1/auth/passkeys/sign-in/options", tag = "auth",
    operation_id = "beginPasskeySignIn",
    security(()),
    responses(
        (status = 200, description = "What to ask the browser", body = AssertionRequest),
        (status = 429, description = "`quota-exceeded`"),
    )
)]
pub async fn options(State(app): State<App>, cx: Context) -> Result<Reply, Problem> {
    let token = ChallengeToken::new().map_err(Problem::internal)?;
    let challenge = Challenge::new(&token, ChallengeUse::SignIn, app.clock.now());
    app.store
        .set_challenge(&cx, &challenge, &Spent::default())
        .await?;
    let party = &app.settings.relying_party;
    let options = RequestOptions::new(token.webauthn(), party, &[]);
    Reply::ok(&AssertionRequest::new(&token, options))
}

/// What the browser answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeySignIn {
    /// Of the question.
    challenge_id: Secret,
    /// The credential's `toJSON()`.
    credential: AssertionJson,
}

/// Sign in by passkey
///
/// The authenticator verified its owner, so nothing more is asked for. If the
/// error's code is `unknown`, tell the browser by `signalUnknownCredential`.
#[utoipa::path(
    post, path = "/v1/auth/passkeys/sign-in", tag = "auth", operation_id = "passkeySignIn",
    request_body = PasskeySignIn,
    security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "`invalid-request`; the error's code says which step failed"),
        (status = 403, description = "`account-suspended`"),
        (status = 410, description = "`challenge-gone`"),
        (status = 429, description = "`quota-exceeded`"),
    )
)]
pub async fn sign_in(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<PasskeySignIn>,
) -> Result<Reply, Problem> {
    let token = ChallengeToken::parse(&body.challenge_id).ok_or_else(gone)?;
    let assertion =
        Assertion::try_from(&body.credential).map_err(|refusal| refused("/credential", refusal))?;
    again(|| app.sign_in_by_passkey(&cx, &assertion, &token)).await
}
