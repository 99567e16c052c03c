//! `GET /v1/auth/mfa`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::{http::Reply, principal::Principal, problem::Problem};
use utoipa::ToSchema;

use crate::{
    model::factors::{Factors, Way},
    state::App,
};

/// What protects an account besides its password.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactors {
    /// Whether a password alone is not enough.
    enabled: bool,
    /// What the owner can be asked for.
    methods: Vec<Way>,
    totp: Option<TotpView>,
    /// How many there are.
    passkeys: u32,
    /// How many are left.
    #[schema(example = 10)]
    recovery_codes_left: usize,
    /// When they were made.
    #[schema(value_type = Option<String>, format = DateTime)]
    recovery_codes_made_at: Option<Timestamp>,
}

/// An authenticator app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotpView {
    /// Since when it is in use.
    #[schema(value_type = String, format = DateTime)]
    confirmed_at: Timestamp,
}

impl From<&Factors> for SecondFactors {
    fn from(factors: &Factors) -> Self {
        Self {
            enabled: factors.is_active(),
            methods: factors.ways(),
            totp: factors.totp.as_ref().map(|totp| TotpView {
                confirmed_at: totp.confirmed_at,
            }),
            passkeys: factors.passkeys,
            recovery_codes_left: factors.codes_left(),
            recovery_codes_made_at: factors.recovery.as_ref().map(|codes| codes.made_at),
        }
    }
}

/// List your second factors
#[utoipa::path(
    get, path = "/v1/auth/mfa", tag = "auth", operation_id = "getSecondFactors",
    responses(
        (status = 200, description = "What protects the account", body = SecondFactors),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn overview(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let factors = app.store.factors(principal.user_id).await?;
    Reply::ok(&SecondFactors::from(&factors))
}
