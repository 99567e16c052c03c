//! `GET /v1/notifications/{id}`

use axum::extract::State;
use http::HeaderName;
use http::header::LINK;
use shared::http::{Path, Query, Reply};
use shared::id::{NotificationId, UserId};
use shared::principal::Principal;
use shared::problem::Problem;

use super::list::{ListQuery, page};
use super::view::NotificationView;
use super::{App, TAG};

/// One of the caller's notifications.
///
/// With the caller's own user id instead, it is a deprecated alias of
/// `GET /v1/notifications` and takes the same parameters; another user's id
/// names nothing here.
#[utoipa::path(
    get,
    path = "/v1/notifications/{id}",
    tag = TAG,
    operation_id = "getNotification",
    params(("id" = String, Path, description = "The notification's id"), ListQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The notification", body = NotificationView),
        (status = 401, description = "No valid access token"),
        (status = 404, description = "There is none, or it is somebody else's"),
    )
)]
pub async fn one(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Reply, Problem> {
    if id.parse() == Ok::<UserId, _>(principal.user_id) {
        // RFC 9745; the alias was deprecated before the first release.
        let deprecation = HeaderName::from_static("deprecation");
        return Ok(page(&app, &principal, query)
            .await?
            .header(deprecation, "@1767225600")
            .header(LINK, "</v1/notifications>; rel=\"successor-version\""));
    }
    let missing = || Problem::not_found("The notification");
    let id: NotificationId = id.parse().map_err(|_| missing())?;
    let owner = principal.user_id;
    let (inbox, entry) = futures::try_join!(app.store.inbox(owner), app.store.entry(owner, id))?;
    let entry = entry.ok_or_else(missing)?;
    let names = app.store.names_of(entry.actor_id).await?;
    Ok(Reply::ok(&NotificationView::of(&entry, &inbox, &names)?)?.hashed())
}
