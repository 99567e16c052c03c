//! `GET /v1/notifications`

use axum::extract::State;
use serde::Deserialize;
use shared::http::{Query, Reply};
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::IntoParams;

use super::view::NotificationView;
use super::{App, TAG};
use crate::model::Kind;
use crate::store::Filter;

/// Entries per page unless asked otherwise.
const LIMIT: u32 = 20;
/// Entries per page at most.
const MAX_LIMIT: u32 = 100;

/// What the list shows.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// `true`: only unread ones; `false`: only read ones.
    #[serde(default)]
    pub unread: Option<bool>,
    /// Only notifications of this type.
    #[serde(default, rename = "type")]
    #[param(inline)]
    pub kind: Option<Kind>,
    /// How many at most; larger values are cut to 100.
    #[serde(default)]
    #[param(minimum = 1)]
    pub limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// The caller's notifications, latest first.
///
/// A page reads a fixed maximum of entries: with a filter it can be short, even
/// empty, and still have a `nextCursor`.
#[utoipa::path(
    get,
    path = "/v1/notifications",
    tag = TAG,
    operation_id = "listNotifications",
    params(ListQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of the inbox", body = Listing<NotificationView>),
        (status = 400, description = "A parameter is not valid"),
        (status = 401, description = "No valid access token"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ListQuery>,
) -> Result<Reply, Problem> {
    page(&app, &principal, query).await
}

/// The page that `query` asks for; shared with the alias in [`super::one`].
///
/// # Errors
/// What is wrong with the query, or what the store says.
pub async fn page(app: &App, principal: &Principal, query: ListQuery) -> Result<Reply, Problem> {
    let text =
        |unread: Option<bool>| unread.map_or("any", |unread| if unread { "yes" } else { "no" });
    let binding = Binding::new("/v1/notifications")
        .caller(principal.user_id)
        .filter("unread", text(query.unread))
        .filter("type", query.kind.map_or("any", Kind::name));
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor,
    };
    let request = PageRequest::new(&paging, binding, LIMIT, MAX_LIMIT)?;
    let filter = Filter {
        unread: query.unread,
        kind: query.kind,
    };
    let page = app
        .store
        .page(principal.user_id, filter, request.limit, request.position())
        .await?;
    let actors = page.entries.iter().filter_map(|entry| entry.actor_id);
    let names = app.store.names_of(actors).await?;
    let items = page
        .entries
        .iter()
        .map(|entry| NotificationView::of(entry, &page.inbox, &names))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Reply::ok(&request.listing(items, page.next))?.hashed())
}
