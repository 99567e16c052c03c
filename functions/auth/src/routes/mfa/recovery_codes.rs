//! `POST /v1/auth/mfa/recovery-codes`

use axum::extract::State;
use shared::{cx::Context, http::Reply, principal::Principal, problem::Problem};

use super::{RecoveryCodes, account_of};
use crate::{
    model::factors::Factors, problems::NO_SECOND_FACTOR, second_factor::again, state::App,
};

/// Make new recovery codes
///
/// Ten, shown this once; those before work no more.
#[utoipa::path(
    post, path = "/v1/auth/mfa/recovery-codes", tag = "auth", operation_id = "renewRecoveryCodes",
    responses(
        (status = 200, description = "The new codes", body = RecoveryCodes),
        (status = 403, description = "`step-up-required`"),
        (status = 409, description = "`no-second-factor`"),
    )
)]
pub async fn renew(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    again(|| renewed(&app, &cx, &principal)).await
}

async fn renewed(app: &App, cx: &Context, principal: &Principal) -> Result<Reply, Problem> {
    let factors = app.require_fresh(principal).await?.factors;
    if !factors.is_active() {
        return Err(Problem::new(&NO_SECOND_FACTOR));
    }
    let account = account_of(app, &factors).await?;
    let new = app.recovery_codes(factors.user_id).await?;
    let reply = Reply::ok(&RecoveryCodes::show(new.shown))?;
    let factors = Factors {
        recovery: Some(new.kept),
        ..factors
    };
    app.store
        .change_factors(cx, &account, &factors, None, reply)
        .await
}
