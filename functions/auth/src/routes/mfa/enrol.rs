//! `POST /v1/auth/mfa/totp`

use axum::extract::State;
use serde::Serialize;
use shared::{cx::Context, http::Reply, principal::Principal, problem::Problem};
use utoipa::ToSchema;

use super::account_of;
use crate::{
    model::{
        factors::{ENROLMENT_LIFE, Enrolment, Factors},
        secret::Disclosed,
        totp::TotpSecret,
    },
    second_factor::again,
    state::App,
    step_up::Standing,
};

/// What an authenticator app is to be given.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotpEnrolment {
    /// To be typed in, base32.
    #[schema(value_type = String, example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: Disclosed,
    /// To be shown as a QR code.
    #[schema(value_type = String, example = "otpauth://totp/events.example.org:ada%40example.org?secret=…")]
    otpauth_uri: Disclosed,
    /// Seconds until it can no longer be confirmed.
    #[schema(example = 600)]
    expires_in: i64,
}

/// Enrol an authenticator app
///
/// Nothing changes until its first code comes to `…/totp/confirm`, on the same
/// session; then it takes the place of the app before it, if there is one.
#[utoipa::path(
    post, path = "/v1/auth/mfa/totp", tag = "auth", operation_id = "enrolTotp",
    responses(
        (status = 200, description = "Shown once", body = TotpEnrolment),
        (status = 403, description = "`step-up-required`"),
    )
)]
pub async fn enrol(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    again(|| enrolled(&app, &cx, &principal)).await
}

async fn enrolled(app: &App, cx: &Context, principal: &Principal) -> Result<Reply, Problem> {
    let Standing { session, factors } = app.require_fresh(principal).await?;
    let account = account_of(app, &factors).await?;
    let secret = TotpSecret::new().map_err(Problem::internal)?;
    let enrolment = Enrolment {
        sealed: app.seal(account.id, secret.as_bytes()).await?,
        session_id: session.id,
        expires_at: app.clock.now() + ENROLMENT_LIFE,
    };
    let factors = Factors {
        enrolment: Some(enrolment),
        ..factors
    };
    app.store.begin_enrolment(cx, &factors).await?;
    Reply::ok(&TotpEnrolment {
        secret: Disclosed(secret.base32()),
        otpauth_uri: Disclosed(secret.uri(&app.settings.relying_party.id, &account.email.0)),
        expires_in: ENROLMENT_LIFE.as_secs(),
    })
}
