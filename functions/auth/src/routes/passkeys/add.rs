//! `POST /v1/auth/passkeys`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::{Json, Reply},
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use super::PasskeyView;
use crate::{
    grant::place,
    model::{
        challenge::{ChallengeToken, ChallengeUse},
        factors::Factors,
        passkey::{MAX_NAME, MAX_PASSKEYS, Passkey},
        secret::Secret,
        session::Method,
        text,
        webauthn::{AttestationJson, Expected, register},
    },
    passkeys::refused,
    problems::TOO_MANY_PASSKEYS,
    routes::mfa::{RecoveryCodes, account_of, codes_for},
    second_factor::{again, gone},
    state::App,
    step_up::Standing,
    store::Spent,
};

/// What the browser answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddPasskey {
    /// Of the question.
    challenge_id: Secret,
    /// What to call it; the name of the device if it is left out.
    #[schema(max_length = 60)]
    name: Option<String>,
    /// The credential's `toJSON()`.
    credential: AttestationJson,
}

/// A passkey that was added.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedPasskey {
    passkey: PasskeyView,
    /// With the first second factor: ten codes, shown this once.
    #[serde(flatten)]
    codes: Option<RecoveryCodes>,
}

/// Add a passkey
///
/// From now on it signs in without a password, and a password alone signs in
/// no more: it asks for this passkey or another second factor. With the first
/// second factor come ten recovery codes, shown this once.
#[utoipa::path(
    post, path = "/v1/auth/passkeys", tag = "auth", operation_id = "addPasskey",
    request_body = AddPasskey,
    responses(
        (status = 201, description = "Added", body = AddedPasskey),
        (status = 400, description = "`invalid-request`; the error's code says which step failed"),
        (status = 409, description = "`passkey-taken`, `too-many-passkeys`"),
        (status = 410, description = "`challenge-gone`"),
    )
)]
pub async fn add(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<AddPasskey>,
) -> Result<Reply, Problem> {
    again(|| added(&app, &cx, &principal, &body)).await
}

async fn added(
    app: &App,
    cx: &Context,
    principal: &Principal,
    body: &AddPasskey,
) -> Result<Reply, Problem> {
    let given = body.name.clone().unwrap_or_else(|| place(cx).device);
    let name = text::line(&given, MAX_NAME)
        .map_err(|error| Problem::invalid("/name", error.code(), error.to_string()))?;
    let token = ChallengeToken::parse(&body.challenge_id).ok_or_else(gone)?;
    let purpose = ChallengeUse::Registration;
    app.session_challenge(principal, &token, purpose).await?;
    let expected = Expected {
        challenge: &token.webauthn(),
        party: &app.settings.relying_party,
    };
    let new =
        register(&expected, &body.credential).map_err(|refusal| refused("/credential", refusal))?;
    let Standing { session, factors } = app.standing_of(principal).await?;
    if factors.passkeys >= MAX_PASSKEYS {
        return Err(Problem::new(&TOO_MANY_PASSKEYS));
    }
    let account = account_of(app, &factors).await?;
    let (shown, recovery) = codes_for(app, &factors).await?;
    let now = app.clock.now();
    let passkey = Passkey::new(account.id, new, name, now);
    let spent = Spent {
        challenge: Some(token.fingerprint()),
        factors: Some(Factors {
            passkeys: factors.passkeys + 1,
            recovery,
            ..factors
        }),
        ..Spent::default()
    };
    let body = AddedPasskey {
        passkey: PasskeyView::from(&passkey),
        codes: shown,
    };
    let reply = Reply::created(&body, &format!("/v1/auth/passkeys/{}", passkey.id))?;
    // The authenticator verified the person just now.
    let session = session.proved(Method::Passkey, now);
    app.store
        .add_passkey(cx, &account, &passkey, &session, &spent, reply)
        .await
}
