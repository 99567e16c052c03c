//! `GET /v1/matchmaking/matches/{userId}`, an alias

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Query, Reply};
use shared::id::UserId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::get_matches::{Filter, list};
use super::match_view::Matches;
use crate::App;

/// Who you should meet (deprecated)
///
/// As `GET /v1/matchmaking/matches`; the id must be your own.
#[utoipa::path(
    get, path = "/v1/matchmaking/matches/{userId}", tag = "matchmaking",
    operation_id = "listMatchesOfUser",
    params(("userId" = UserId, Path), Filter),
    responses(
        (status = 200, description = "Your matches, best first", body = Matches),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`not-attending`"),
        (status = 404, description = "It is not your id"),
        (status = 409, description = "`profile-required`, `matching-off`, `matching-cancelled`"),
    ),
    security(("bearer" = [])),
)]
#[deprecated = "an alias"]
pub async fn get(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(user_id): Path<UserId>,
    Query(filter): Query<Filter>,
) -> Result<Reply, Problem> {
    if user_id != principal.user_id {
        return Err(Problem::not_found("The list of matches"));
    }
    list(&app, &cx, &principal, filter).await
}
