//! `GET /v1/auth/users/{userId}`

use axum::extract::State;
use shared::{
    http::{Path, Reply},
    id::UserId,
    principal::Principal,
    problem::Problem,
};

use super::{UserDetail, administrator};
use crate::state::App;

/// Read an account
///
/// For administrators of the platform.
#[utoipa::path(
    get, path = "/v1/auth/users/{userId}", tag = "auth", operation_id = "getUser",
    params(("userId" = UserId, Path)),
    responses(
        (status = 200, description = "The account", body = UserDetail),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `administrator-address-not-allowed`"),
        (status = 404, description = "`not-found`"),
    )
)]
pub async fn get(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<UserId>,
) -> Result<Reply, Problem> {
    administrator(&principal)?;
    let subject = app.store.subject(id).await?;
    let subject = subject.ok_or_else(|| Problem::not_found("The user"))?;
    Reply::ok(&UserDetail::new(&subject))
}
