//! `POST /v1/auth/step-up`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::{Json, Reply},
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use super::password_matches;
use crate::{
    model::{
        challenge::{ChallengeToken, ChallengeUse},
        secret::Secret,
        session::{FRESH, Method},
        webauthn::AssertionJson,
    },
    problems::NO_SECOND_FACTOR,
    routes::{
        mfa::verify::{assertion, one_of},
        passkeys::AssertionRequest,
    },
    second_factor::{Presented, Proof, again, gone},
    state::App,
    step_up::Standing,
    store::Spent,
};

/// Another proof: exactly one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepUp {
    /// Enough for an account without a second factor.
    password: Option<Secret>,
    /// Six digits of the authenticator app.
    #[schema(example = "287082")]
    code: Option<Secret>,
    #[schema(example = "k3vq7-xn29h")]
    recovery_code: Option<Secret>,
    /// Of `POST /v1/auth/step-up/options`, with `passkey`.
    challenge_id: Option<Secret>,
    /// The credential's `toJSON()`.
    passkey: Option<AssertionJson>,
}

/// The session was proved anew.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SteppedUp {
    #[schema(value_type = String, format = DateTime)]
    authenticated_at: Timestamp,
    /// By what, since the session began.
    methods: Vec<Method>,
    /// For how many seconds it is good for what is sensitive.
    #[schema(example = 600)]
    expires_in: i64,
}

/// Prove again that it is you
///
/// after a `403` of type `step-up-required`, whose `methods` say by what. The
/// session and its tokens stay as they are.
#[utoipa::path(
    post, path = "/v1/auth/step-up", tag = "auth", operation_id = "stepUp",
    request_body = StepUp,
    responses(
        (status = 200, description = "Repeat the request that was refused", body = SteppedUp),
        (status = 400, description = "`invalid-request`: the proof is wrong"),
        (status = 403, description = "`step-up-required`: a password is not enough for this account"),
    )
)]
pub async fn step_up(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<StepUp>,
) -> Result<Reply, Problem> {
    let assertion = assertion(body.passkey.as_ref())?;
    let given = (&body.password, &body.code, &body.recovery_code, &assertion);
    let token = match (&assertion, &body.challenge_id) {
        (Some(_), Some(id)) => Some(ChallengeToken::parse(id).ok_or_else(gone)?),
        (None, None) => None,
        _ => return Err(one_of("`passkey` with `challengeId`, or another proof")),
    };
    let presented = match (given, &token) {
        ((Some(password), None, None, None), _) => {
            return again(|| by_password(&app, &cx, &principal, password)).await;
        }
        ((None, Some(code), None, None), _) => Presented::Code(code),
        ((None, None, Some(code), None), _) => Presented::RecoveryCode(code),
        ((None, None, None, Some(passkey)), Some(token)) => Presented::Passkey(passkey, token),
        _ => return Err(one_of("`password`, `code`, `recoveryCode` or `passkey`")),
    };
    again(|| by_second_factor(&app, &cx, &principal, presented)).await
}

/// Ask for a passkey, to prove again that it is you
#[utoipa::path(
    post, path = "/v1/auth/step-up/options", tag = "auth", operation_id = "beginStepUp",
    responses(
        (status = 200, description = "What to ask the browser", body = AssertionRequest),
        (status = 409, description = "`no-second-factor`: there is no passkey"),
    )
)]
pub async fn options(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    let factors = app.standing_of(&principal).await?.factors;
    let none = || Problem::new(&NO_SECOND_FACTOR).detail("There is no passkey.");
    let token = ChallengeToken::new().map_err(Problem::internal)?;
    let options = app.request_options(&factors, &token).await?;
    let options = options.ok_or_else(none)?;
    app.challenge_session(&cx, &principal, &token, ChallengeUse::StepUp)
        .await?;
    Reply::ok(&AssertionRequest::new(&token, options))
}

async fn by_password(
    app: &App,
    cx: &Context,
    principal: &Principal,
    password: &Secret,
) -> Result<Reply, Problem> {
    let standing = app.standing_of(principal).await?;
    if standing.factors.is_active() {
        return Err(app.step_up_required(&standing.factors).await?);
    }
    let (_, credential) = super::owner(app, principal).await?;
    password_matches(password, &credential, "/password")?;
    let proof = Proof {
        method: Method::Password,
        spent: Spent::default(),
    };
    let reply = stepped_up(app, cx, standing, proof).await?;
    Ok(reply.proves("/v1/auth/step-up", principal.user_id.to_string()))
}

async fn by_second_factor(
    app: &App,
    cx: &Context,
    principal: &Principal,
    presented: Presented<'_>,
) -> Result<Reply, Problem> {
    let Standing { session, factors } = app.standing_of(principal).await?;
    if let Presented::Passkey(_, token) = presented {
        app.session_challenge(principal, token, ChallengeUse::StepUp)
            .await?;
    }
    let proof = app
        .second_factor(cx, factors.clone(), presented, None)
        .await?;
    stepped_up(app, cx, Standing { session, factors }, proof).await
}

async fn stepped_up(
    app: &App,
    cx: &Context,
    standing: Standing,
    proof: Proof,
) -> Result<Reply, Problem> {
    let session = standing.session.proved(proof.method, app.clock.now());
    app.store.step_up(cx, &session, &proof.spent).await?;
    Reply::ok(&SteppedUp {
        authenticated_at: session.authenticated_at,
        methods: session.methods,
        expires_in: FRESH.as_secs(),
    })
}
