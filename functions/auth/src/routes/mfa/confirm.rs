//! `POST /v1/auth/mfa/totp/confirm`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use super::{RecoveryCodes, account_of, codes_for};
use crate::{
    model::{
        factors::{Factors, Totp},
        secret::Secret,
        session::Method,
    },
    problems::NO_ENROLMENT,
    second_factor::again,
    state::App,
    step_up::Standing,
};

/// The first code of an app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfirmTotp {
    /// Six digits.
    #[schema(example = "287082")]
    code: Secret,
}

/// Confirm an authenticator app
///
/// From now on it is asked for at every sign-in, and for what is sensitive.
/// With the first second factor come ten recovery codes, shown this once.
#[utoipa::path(
    post, path = "/v1/auth/mfa/totp/confirm", tag = "auth", operation_id = "confirmTotp",
    request_body = ConfirmTotp,
    responses(
        (status = 200, description = "In use; these are the recovery codes", body = RecoveryCodes),
        (status = 204, description = "In use; the recovery codes are those that you have"),
        (status = 400, description = "`invalid-request`: the code is wrong"),
        (status = 409, description = "`no-enrolment`"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<ConfirmTotp>,
) -> Result<Reply, Problem> {
    again(|| confirmed(&app, &cx, &principal, &body.code)).await
}

async fn confirmed(
    app: &App,
    cx: &Context,
    principal: &Principal,
    code: &str,
) -> Result<Reply, Problem> {
    let Standing { session, factors } = app.standing_of(principal).await?;
    let now = app.clock.now();
    let enrolment = factors
        .enrolment_of(session.id, now)
        .ok_or_else(|| Problem::new(&NO_ENROLMENT))?;
    let secret = app.totp_secret(factors.user_id, &enrolment.sealed).await?;
    let last_step = secret
        .step_of(code, now, None)
        .ok_or_else(|| Problem::invalid("/code", "wrong", "is not what the app shows now"))?;
    let totp = Totp {
        sealed: enrolment.sealed.clone(),
        confirmed_at: now,
        last_step,
    };
    let (shown, recovery) = codes_for(app, &factors).await?;
    let account = account_of(app, &factors).await?;
    let factors = Factors {
        totp: Some(totp),
        enrolment: None,
        recovery,
        ..factors
    };
    let session = session.proved(Method::Totp, now);
    let reply = match shown {
        Some(codes) => Reply::ok(&codes)?,
        None => Reply::no_content(),
    };
    app.store
        .change_factors(cx, &account, &factors, Some(&session), reply)
        .await
}
