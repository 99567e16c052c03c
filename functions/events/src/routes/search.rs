//! `GET /v1/search/events`

use axum::extract::State;
use serde::Deserialize;
use shared::http::{Query, Reply};
use shared::page::Listing;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::list::{ListEvents, page};
use super::view::EventView;
use super::{App, TAG};

/// What to search for: as the list is asked, but with words.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct SearchEvents(ListEvents);

impl IntoParams for SearchEvents {
    fn into_params(parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut params = ListEvents::into_params(parameter_in);
        for param in params.iter_mut().filter(|param| param.name == "q") {
            param.required = Required::True;
        }
        params
    }
}

/// Searches events by words.
///
/// Those that contain all words of `q`, by time, with the filters, pages and
/// rights of `GET /v1/events`. Without a word it is 400.
#[utoipa::path(
    get,
    path = "/v1/search/events",
    tag = TAG,
    operation_id = "searchEvents",
    params(SearchEvents),
    responses(
        (status = 200, description = "A page.", body = Listing<EventView>),
        (status = 403, description = "`forbidden`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn search(
    State(app): State<App>,
    principal: Option<Principal>,
    Query(SearchEvents(query)): Query<SearchEvents>,
) -> Result<Reply, Problem> {
    query.require_words()?;
    page(&app, "/v1/search/events", principal.as_ref(), &query).await
}
