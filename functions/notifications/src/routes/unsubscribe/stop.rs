//! `POST /v1/notifications/unsubscribe/{token}`

use axum::extract::State;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::problem::Problem;

use super::{html, subject, verified};
use crate::model::Preferences;
use crate::routes::{App, TAG};
use crate::templates::escape;

/// Stops e-mails of the token's type, without sign-in (RFC 8058 §3.2).
///
/// The body, `List-Unsubscribe=One-Click`, says nothing that the path does not.
/// Doing it twice changes nothing.
#[utoipa::path(
    post,
    path = "/v1/notifications/unsubscribe/{token}",
    tag = TAG,
    security(()),
    operation_id = "unsubscribe",
    params(("token" = String, Path, description = "From the link in an e-mail")),
    responses(
        (status = 200, description = "It is done", content_type = "text/html", body = String),
        (status = 404, description = "The link is not valid"),
    )
)]
pub async fn stop(
    State(app): State<App>,
    cx: Context,
    Path(token): Path<String>,
) -> Result<Reply, Problem> {
    let claim = verified(&app, &token).await?;
    let what = escape(&subject(&claim));
    let done = |_: &Preferences| {
        let body = format!(
            "<p>You will no longer get {what}. In the app you can switch them on again.</p>"
        );
        Ok(html("You are unsubscribed", &body))
    };
    let change = |before: &Preferences| {
        let mut after = before.clone();
        after.unsubscribe(claim.kind);
        Ok(after)
    };
    app.store
        .change_preferences(&cx, claim.user_id, change, done)
        .await
}
