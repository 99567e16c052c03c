//! `DELETE /v1/auth/passkeys/{passkeyId}`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Path, Reply},
    id::PasskeyId,
    principal::Principal,
    problem::Problem,
};

use crate::{model::factors::Factors, routes::mfa::account_of, second_factor::again, state::App};

/// Remove a passkey
///
/// With the last second factor go the recovery codes, and a password alone is
/// enough again. Tell the browser by `signalAllAcceptedCredentials`.
#[utoipa::path(
    delete, path = "/v1/auth/passkeys/{passkeyId}", tag = "auth", operation_id = "removePasskey",
    params(("passkeyId" = PasskeyId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`step-up-required`"),
        (status = 404, description = "You have no such passkey"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<PasskeyId>,
) -> Result<Reply, Problem> {
    again(|| removed(&app, &cx, &principal, id)).await
}

async fn removed(
    app: &App,
    cx: &Context,
    principal: &Principal,
    id: PasskeyId,
) -> Result<Reply, Problem> {
    let passkey = app.store.passkey(principal.user_id, id).await?;
    let passkey = passkey.ok_or_else(|| Problem::not_found("The passkey"))?;
    let factors = app.require_fresh(principal).await?.factors;
    let account = account_of(app, &factors).await?;
    let factors = Factors {
        passkeys: factors.passkeys.saturating_sub(1),
        ..factors
    }
    .tidied();
    let reply = Reply::no_content();
    app.store
        .remove_passkey(cx, &account, &passkey, &factors, reply)
        .await
}
