//! `GET /.well-known/security.txt`

use axum::extract::State;
use jiff::SignedDuration;
use shared::http::Reply;

use crate::state::App;

/// The statement is made anew at each request, so it never goes stale; RFC 9116
/// §2.5.5 advises less than a year.
const VALID: SignedDuration = SignedDuration::from_hours(24 * 180);

/// Where to report a weakness
#[utoipa::path(
    get, path = "/.well-known/security.txt", tag = "discovery", operation_id = "getSecurityTxt",
    security(()),
    responses((status = 200, description = "RFC 9116", body = String, content_type = "text/plain"))
)]
pub async fn security_txt(State(app): State<App>) -> Reply {
    let expires = (app.clock.now() + VALID).strftime("%Y-%m-%dT00:00:00Z");
    let text = format!(
        "Contact: {}\nExpires: {expires}\nPreferred-Languages: en\n\
         Canonical: {}/.well-known/security.txt\n",
        app.settings.security_contact, app.settings.public_url,
    );
    Reply::text("text/plain; charset=utf-8", text).public(3600)
}
