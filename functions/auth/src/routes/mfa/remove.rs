//! `DELETE /v1/auth/mfa/totp`

use axum::extract::State;
use shared::{cx::Context, http::Reply, principal::Principal, problem::Problem};

use super::account_of;
use crate::{model::factors::Factors, second_factor::again, state::App};

/// Remove the authenticator app
///
/// Without a passkey, a password alone is enough from now on, and the recovery
/// codes go too.
#[utoipa::path(
    delete, path = "/v1/auth/mfa/totp", tag = "auth", operation_id = "removeTotp",
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`step-up-required`"),
        (status = 404, description = "There is none"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    again(|| removed(&app, &cx, &principal)).await
}

async fn removed(app: &App, cx: &Context, principal: &Principal) -> Result<Reply, Problem> {
    let factors = app.require_fresh(principal).await?.factors;
    if factors.totp.is_none() {
        return Err(Problem::not_found("The authenticator app"));
    }
    let account = account_of(app, &factors).await?;
    let factors = Factors {
        totp: None,
        enrolment: None,
        ..factors
    }
    .tidied();
    app.store
        .change_factors(cx, &account, &factors, None, Reply::no_content())
        .await
}
