//! `GET /v1/events/{id}/registrations/take-over`
//!
//! The page that the letter's link opens where there is no app. The code stands
//! in the URL's fragment, which browsers send to nobody, so the page reads it
//! there; it takes nothing over, for that needs an account.

use http::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY};
use shared::http::{Path, Reply};
use shared::id::EventId;

use super::super::TAG;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Every part of it is ours; the code goes in as text.
const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>A registration for you</title></head>\
<body style=\"margin:10vh auto;max-width:26rem;padding:0 1rem;font:16px/1.5 system-ui\">\
<h1 style=\"font-size:1.3rem\">A registration for you</h1>\
<p>Sign in to the app of the event and enter this code there:</p>\
<p><code id=\"code\" style=\"overflow-wrap:anywhere\"></code></p>\
<noscript>This page needs JavaScript.</noscript>\
<script>document.getElementById('code').textContent=location.hash.slice(1);\
history.replaceState(null,'',location.pathname);</script></body></html>";

/// The page of the letter's link, which shows its code.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/registrations/take-over",
    tag = TAG,
    operation_id = "takeOverPage",
    params(("id" = EventId, Path, description = "The event.")),
    responses((status = 200, description = "A page.", body = String, content_type = "text/html")),
    security(())
)]
pub async fn take_over_page(Path(_): Path<EventId>) -> Reply {
    Reply::text("text/html; charset=utf-8", PAGE)
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(REFERRER_POLICY, "no-referrer")
        .header(HeaderName::from_static("x-robots-tag"), "noindex")
}
