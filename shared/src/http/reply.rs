//! What a handler answers.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::idempotency::StoredReply;
use crate::problem::Problem;

/// A successful answer; personal (`Cache-Control: private, no-store`) unless
/// [`Reply::public`] says otherwise.
#[derive(Debug, Clone)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
    valid_until: Option<Timestamp>,
    proves: Option<Proves>,
    next: Option<NextPage>,
}

/// Marks a page of a list after which there is another: its cursor.
#[derive(Debug, Clone)]
pub(super) struct NextPage(pub(super) String);

/// Marks an answer to somebody who was right.
#[derive(Debug, Clone)]
pub(super) struct Proves {
    pub(super) what: &'static str,
    pub(super) account: String,
}

impl Reply {
    fn new(status: StatusCode) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        Self {
            status,
            headers,
            body: String::new(),
            valid_until: None,
            proves: None,
            next: None,
        }
    }

    fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Self, Problem> {
        let mut reply = Self::new(status);
        reply.body = serde_json::to_string(body).map_err(Problem::internal)?;
        reply.next = next_page(&reply.body);
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(reply)
    }

    /// 200 with a body.
    ///
    /// # Errors
    /// 500 when the body has no JSON form.
    pub fn ok<T: Serialize>(body: &T) -> Result<Self, Problem> {
        Self::json(StatusCode::OK, body)
    }

    /// 201 with a body and where the new thing is.
    ///
    /// # Errors
    /// 500 when the body has no JSON form.
    pub fn created<T: Serialize>(body: &T, location: &str) -> Result<Self, Problem> {
        Ok(Self::json(StatusCode::CREATED, body)?.header(LOCATION, location))
    }

    /// 202 with a body: it will happen.
    ///
    /// # Errors
    /// 500 when the body has no JSON form.
    pub fn accepted<T: Serialize>(body: &T) -> Result<Self, Problem> {
        Self::json(StatusCode::ACCEPTED, body)
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT)
    }

    /// 302 to another place.
    pub fn found(location: &str) -> Self {
        Self::new(StatusCode::FOUND).header(LOCATION, location)
    }

    /// 200 with a text of another type.
    pub fn text(content_type: &'static str, body: impl Into<String>) -> Self {
        let mut reply = Self::new(StatusCode::OK);
        reply.body = body.into();
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply
    }

    /// A strong `ETag` from the version of the thing.
    pub fn etag(self, version: u64) -> Self {
        self.header(ETAG, &format!("\"{version}\""))
    }

    /// A strong `ETag` of the form `version.rest`, where the rest stands for what
    /// changes without the version; [`super::IfMatch`] looks at the version alone.
    pub fn tag(self, tag: &str) -> Self {
        self.header(ETAG, &format!("\"{tag}\""))
    }

    /// A strong `ETag` from the body, for lists and views that differ by reader.
    pub fn hashed(self) -> Self {
        let hash = digest::sha256(&[self.body.as_bytes()]);
        self.header(ETAG, &format!("\"{}\"", &hash[..22]))
    }

    /// May be kept by anybody for so many seconds.
    pub fn public(self, seconds: u32) -> Self {
        self.header(CACHE_CONTROL, &format!("public, max-age={seconds}"))
    }

    /// May be kept by the caller alone, and must be asked for again each time.
    pub fn revalidated(self) -> Self {
        self.header(CACHE_CONTROL, "private, no-cache")
    }

    /// Another status than the usual.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The reply hands out something short-lived and must not be repeated later.
    pub fn valid_for_repetition_until(mut self, until: Timestamp) -> Self {
        self.valid_until = Some(until);
        self
    }

    /// The caller proved to be the owner of an account, as
    /// [`AccountOf`](super::AccountOf) names it: attempts at the path `what` begin anew.
    pub fn proves(mut self, what: &'static str, account: impl Into<String>) -> Self {
        let account = account.into();
        self.proves = Some(Proves { what, account });
        self
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn body_text(&self) -> &str {
        &self.body
    }

    pub(crate) fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    pub(crate) fn stored_headers(&self) -> BTreeMap<String, String> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect()
    }

    pub(crate) fn replay(stored: StoredReply) -> Self {
        let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
        let mut reply = Self::new(status);
        reply.body = stored.body;
        for (name, value) in &stored.headers {
            if let Ok(name) = HeaderName::try_from(name.as_str()) {
                reply = reply.header(name, value);
            }
        }
        reply.header(HeaderName::from_static("idempotency-replayed"), "true")
    }
}

/// The cursor of a list, whatever else its body says.
fn next_page(body: &str) -> Option<NextPage> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page {
        next_cursor: Option<String>,
    }
    if !body.contains("\"nextCursor\":\"") {
        return None;
    }
    let page: Page = serde_json::from_str(body).ok()?;
    page.next_cursor.map(NextPage)
}

/// Marks an answer that a handler wrote, so that one with an error status (the
/// health of something unhealthy) is not replaced by a problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deliberate;

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.headers, self.body).into_response();
        response.extensions_mut().insert(Deliberate);
        let extensions = response.extensions_mut();
        if let Some(proves) = self.proves {
            extensions.insert(proves);
        }
        if let Some(next) = self.next {
            extensions.insert(next);
        }
        response
    }
}

/// Marks the answers of an alias: `Deprecation` (RFC 9745) with the instant
/// since when, and a `Link` to the path that replaces it.
pub async fn deprecated(
    axum::extract::State(successor): axum::extract::State<&'static str>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // 2026-01-01T00:00:00Z: the aliases were deprecated before the first release.
    headers.insert("deprecation", HeaderValue::from_static("@1767225600"));
    if let Ok(link) = HeaderValue::from_str(&format!("<{successor}>; rel=\"successor-version\"")) {
        headers.append("link", link);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ev_12_only_a_lists_own_cursor_leads_on() {
        let next = |body| next_page(body).map(|NextPage(cursor)| cursor);
        assert_eq!(
            next(r#"{"items":[],"nextCursor":"abc"}"#),
            Some("abc".to_owned())
        );
        for none in [
            r#"{"items":[],"nextCursor":null}"#,
            r#"{"item":{"nextCursor":"abc"}}"#,
            r#"{"name":"\"nextCursor\":\"abc\""}"#,
            "[]",
        ] {
            assert_eq!(next(none), None, "{none}");
        }
    }
}
