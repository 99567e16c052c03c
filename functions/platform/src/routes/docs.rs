//! `GET /v1/docs` (GW-18): the interactive page. It loads nothing from
//! elsewhere.

use http::HeaderName;
use http::header::CONTENT_SECURITY_POLICY;
use shared::http::Reply;

/// Only what this host serves runs, and only this host is called.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn asset(content_type: &'static str, text: &'static str) -> Reply {
    Reply::text(content_type, text)
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        )
        .hashed()
        .public(300)
}

/// The interactive description
///
/// A page that lists the operations and calls them.
#[utoipa::path(
    get, path = "/v1/docs", operation_id = "getDocs", tag = "platform", security(()),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn page() -> Reply {
    asset(
        "text/html; charset=utf-8",
        include_str!("../../assets/docs/index.html"),
    )
}

pub(super) async fn script() -> Reply {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../assets/docs/app.js"),
    )
}

pub(super) async fn style() -> Reply {
    asset(
        "text/css; charset=utf-8",
        include_str!("../../assets/docs/app.css"),
    )
}
