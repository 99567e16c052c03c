//! `GET /v1/events/{id}/feedback`

use axum::extract::State;
use serde::Serialize;
use shared::http::{Path, Query, Reply};
use shared::id::EventId;
use shared::page::{Binding, PageRequest, Paging};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use super::FeedbackView;

/// What attendees thought.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackResults {
    /// How many said something.
    count: u32,
    /// Their mean rating; `null` as long as there is none.
    #[schema(required)]
    average: Option<f64>,
    /// How many gave 1, 2, 3, 4 and 5.
    distribution: [u32; 5],
    /// A page of it, in an order that tells nothing.
    items: Vec<FeedbackView>,
    /// Send it as `cursor` for the next page; `null` at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Reads what attendees thought, without their names. Needs the right
/// `event.edit`.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/feedback",
    tag = TAG,
    operation_id = "getFeedback",
    params(("id" = EventId, Path, description = "The event."), Paging),
    responses(
        (status = 200, description = "The sums, and a page.", body = FeedbackResults),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn get_feedback(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventEdit).await?;
    let binding = Binding::new("/v1/events/{id}/feedback")
        .caller(principal.user_id)
        .filter("event", id);
    let page = PageRequest::new(&paging, binding, 50, 100)?;
    let (ratings, found) = Box::pin(futures::future::try_join(
        app.store.ratings(id),
        app.store.feedbacks(id, page.limit, page.position()),
    ))
    .await?;
    let items = found.items.iter().map(FeedbackView::new).collect();
    let listing = page.listing(items, found.next);
    Reply::ok(&FeedbackResults {
        count: ratings.count(),
        average: ratings.average(),
        distribution: ratings.distribution(),
        items: listing.items,
        next_cursor: listing.next_cursor,
    })
}
