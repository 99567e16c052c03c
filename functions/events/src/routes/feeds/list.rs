//! `GET /v1/events/feeds`

use axum::extract::State;
use shared::http::Reply;
use shared::page::Listing;
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::{App, TAG};
use super::FeedView;

/// Lists the caller's secret calendars, without their addresses.
#[utoipa::path(
    get,
    path = "/v1/events/feeds",
    tag = TAG,
    operation_id = "listCalendarFeeds",
    responses((status = 200, description = "All of them.", body = Listing<FeedView>)),
    security(("bearer" = []))
)]
pub async fn list_feeds(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let feeds = app.store.feeds_of(principal.user_id).await?;
    Reply::ok(&Listing {
        items: feeds.iter().map(FeedView::new).collect(),
        next_cursor: None,
    })
}
