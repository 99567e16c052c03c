//! `POST /v1/auth/passkeys/registration/options`

use axum::extract::State;
use serde::Serialize;
use shared::{cx::Context, http::Reply, principal::Principal, problem::Problem};
use utoipa::ToSchema;

use crate::{
    model::{
        challenge::{CHALLENGE_LIFE, ChallengeToken, ChallengeUse},
        passkey::MAX_PASSKEYS,
        secret::Disclosed,
        webauthn::CreationOptions,
    },
    problems::TOO_MANY_PASSKEYS,
    routes::mfa::account_of,
    state::App,
};

/// What a browser is asked, to make a passkey.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationRequest {
    /// Send it back with the answer.
    #[schema(value_type = String, example = "plc_3q2-7w…")]
    challenge_id: Disclosed,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON`.
    public_key: CreationOptions,
    /// Seconds until it can no longer be answered.
    #[schema(example = 300)]
    expires_in: i64,
}

/// Begin to add a passkey
///
/// The answer of the browser goes to `POST /v1/auth/passkeys`, on the same
/// session.
#[utoipa::path(
    post, path = "/v1/auth/passkeys/registration/options", tag = "auth",
    operation_id = "beginPasskey",
    responses(
        (status = 200, description = "What to ask the browser", body = RegistrationRequest),
        (status = 403, description = "`step-up-required`"),
        (status = 409, description = "`too-many-passkeys`"),
    )
)]
pub async fn options(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    let factors = app.require_fresh(&principal).await?.factors;
    if factors.passkeys >= MAX_PASSKEYS {
        return Err(Problem::new(&TOO_MANY_PASSKEYS));
    }
    let account = account_of(&app, &factors).await?;
    let passkeys = app.store.passkeys(principal.user_id).await?;
    let token = ChallengeToken::new().map_err(Problem::internal)?;
    app.challenge_session(&cx, &principal, &token, ChallengeUse::Registration)
        .await?;
    let party = &app.settings.relying_party;
    Reply::ok(&RegistrationRequest {
        public_key: CreationOptions::new(token.webauthn(), party, &account, &passkeys),
        challenge_id: Disclosed(token.reveal()),
        expires_in: CHALLENGE_LIFE.as_secs(),
    })
}
