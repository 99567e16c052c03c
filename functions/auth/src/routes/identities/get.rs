//! `GET /v1/auth/identities/{provider}`

use axum::extract::State;
use shared::{
    http::{Path, Reply},
    principal::Principal,
    problem::Problem,
};

use super::IdentityView;
use crate::{model::provider::ProviderName, state::App};

/// See your identity at a provider
#[utoipa::path(
    get, path = "/v1/auth/identities/{provider}", tag = "auth", operation_id = "getIdentity",
    params(("provider" = ProviderName, Path)),
    responses(
        (status = 200, description = "The identity", body = IdentityView),
        (status = 404, description = "You have none there"),
    )
)]
pub async fn get(
    State(app): State<App>,
    principal: Principal,
    Path(name): Path<ProviderName>,
) -> Result<Reply, Problem> {
    let identity = app.store.identity(principal.user_id, name).await?;
    let identity = identity.ok_or_else(|| Problem::not_found("The identity"))?;
    Reply::ok(&IdentityView::from(&identity))
}
