//! `DELETE /v1/auth/identities/{provider}`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Path, Reply},
    principal::Principal,
    problem::Problem,
};

use crate::{model::provider::ProviderName, state::App};

/// Unlink a provider
///
/// Its tokens are revoked at the provider where that can be done. The last way
/// to sign in stays: choose a password or link another provider first.
#[utoipa::path(
    delete, path = "/v1/auth/identities/{provider}", tag = "auth", operation_id = "unlinkIdentity",
    params(("provider" = ProviderName, Path)),
    responses(
        (status = 204, description = "Unlinked"),
        (status = 403, description = "`step-up-required`"),
        (status = 404, description = "You have none there"),
        (status = 409, description = "`last-way-in`"),
    )
)]
pub async fn unlink(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(name): Path<ProviderName>,
) -> Result<Reply, Problem> {
    let identity = app.store.identity(principal.user_id, name).await?;
    let identity = identity.ok_or_else(|| Problem::not_found("The identity"))?;
    app.require_fresh(&principal).await?;
    let reply = app
        .store
        .unlink_identity(&cx, &identity, Reply::no_content())
        .await?;
    if let Ok(provider) = app.providers.get(name) {
        app.forget(&cx, provider, &identity).await;
    }
    Ok(reply)
}
