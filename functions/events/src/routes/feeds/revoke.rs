//! `DELETE /v1/events/feeds/{id}`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::FeedId;
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::{App, TAG};
use crate::store::feeds;

/// Revokes a secret calendar: its address is dead at once.
#[utoipa::path(
    delete,
    path = "/v1/events/feeds/{id}",
    tag = TAG,
    operation_id = "revokeCalendarFeed",
    params(("id" = FeedId, Path, description = "The calendar.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn revoke_feed(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<FeedId>,
) -> Result<Reply, Problem> {
    let feed = app
        .store
        .feed(principal.user_id, id)
        .await?
        .ok_or_else(|| Problem::not_found("The calendar"))?;
    let mut commit = app.store.commit(&cx);
    feeds::close(&mut commit, &feed);
    commit.finish(Reply::no_content()).await
}
