//! `GET /v1/notifications/unsubscribe/{token}`

use axum::extract::State;
use shared::http::{Path, Reply};
use shared::problem::Problem;

use super::{html, subject, verified};
use crate::routes::{App, TAG};
use crate::templates::escape;

/// A page with a button that stops e-mails of one type; it changes nothing.
#[utoipa::path(
    get,
    path = "/v1/notifications/unsubscribe/{token}",
    tag = TAG,
    security(()),
    operation_id = "showUnsubscribePage",
    params(("token" = String, Path, description = "From the link in an e-mail")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "The link is not valid"),
    )
)]
pub async fn page(State(app): State<App>, Path(token): Path<String>) -> Result<Reply, Problem> {
    let claim = verified(&app, &token).await?;
    let what = escape(&subject(&claim));
    let form = format!(
        "<p>You will no longer get {what}.</p>\
         <form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
         <button type=\"submit\">Unsubscribe</button></form>"
    );
    Ok(html("Unsubscribe", &form))
}
