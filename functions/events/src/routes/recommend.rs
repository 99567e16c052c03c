//! `GET /v1/events/recommended`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::http::{Query, Reply};
use shared::page::Listing;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::view::EventView;
use super::{App, TAG};
use crate::model::{Reason, Recommended};
use crate::recommend::recommended;

/// How many.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HowMany {
    /// How many at most: 10 unless given, at most 50.
    #[serde(default)]
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// A recommended event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    /// The event.
    event: EventView,
    /// Why, the weightiest reason first; never empty.
    reasons: Vec<Reason>,
    /// How much speaks for it; comparable within one answer.
    score: u32,
}

impl Recommendation {
    fn new(recommended: &Recommended) -> Self {
        Self {
            event: EventView::new(&recommended.event, &recommended.counts),
            reasons: recommended.reasons.clone(),
            score: recommended.score,
        }
    }
}

/// Recommends events to the caller, with the reasons.
///
/// By the tags of what the caller registered for and saved, by interests, by
/// place, by popularity and time; of whom nothing is known gets what is ahead.
#[utoipa::path(
    get,
    path = "/v1/events/recommended",
    tag = TAG,
    operation_id = "recommendEvents",
    params(HowMany),
    responses((status = 200, description = "The best, the best first.", body = Listing<Recommendation>)),
    security(("bearer" = []))
)]
pub async fn recommend(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<HowMany>,
) -> Result<Reply, Problem> {
    let many = query.limit.unwrap_or(10);
    if !(1..=50).contains(&many) {
        return Err(Problem::invalid(
            "?limit",
            "out-of-range",
            "must be 1 to 50",
        ));
    }
    let found = recommended(&app.store, principal.user_id, many as usize).await?;
    let listing = Listing {
        items: found.iter().map(Recommendation::new).collect(),
        next_cursor: None,
    };
    Ok(Reply::ok(&listing)?.hashed().revalidated())
}
