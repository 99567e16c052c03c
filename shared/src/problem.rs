//! Errors as the caller sees them: problem details (RFC 9457).
//!
//! A [`ProblemType`] is a kind of error with a stable URI; a [`Problem`] is one
//! occurrence. What happened inside travels along as the source: it is logged
//! and never sent.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

/// A kind of error; its URI is `/v1/problems/<slug>`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ProblemType {
    /// The last part of the type URI: stable for ever.
    pub slug: &'static str,
    /// What it is called; the same for every occurrence.
    pub title: &'static str,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// What a caller should know and do about it.
    pub description: &'static str,
}

macro_rules! problems {
    ($($name:ident = $status:literal $slug:literal $title:literal $description:literal;)*) => {
        $(#[doc = $title]
        pub const $name: ProblemType = ProblemType {
            slug: $slug, title: $title, status: $status, description: $description,
        };)*

        /// The problem types that any route can answer with.
        pub const COMMON: &[&ProblemType] = &[$(&$name),*];
    };
}

problems! {
    INVALID_REQUEST = 400 "invalid-request" "The request is not valid"
        "Something in the body, the query, the path or a header is malformed or breaks a rule; `errors` names each place.";
    UNAUTHENTICATED = 401 "unauthenticated" "A valid access token is required"
        "Send `Authorization: Bearer <access token>`. `WWW-Authenticate` says whether a token was missing or bad.";
    FORBIDDEN = 403 "forbidden" "You may not do this"
        "The token is valid, but its owner lacks the right.";
    INSUFFICIENT_SCOPE = 403 "insufficient-scope" "The token's scope does not include this"
        "`requiredScope` names what the API key or token lacks (RFC 6750 §3.1). Give the key the scope, or take another.";
    SIGN_IN_REQUIRED = 403 "sign-in-required" "Only somebody who signed in may do this"
        "API keys, tokens of service accounts and tokens with a scope cannot handle credentials, whatever their scopes.";
    ADDRESS_NOT_ALLOWED = 403 "address-not-allowed" "Not from this address"
        "The API key or service account may only be used from the networks in its list, and this request came from another.";
    ADMINISTRATOR_ADDRESS_NOT_ALLOWED = 403 "administrator-address-not-allowed" "Not as an administrator from this address"
        "The operator of this deployment lets administrators work from certain networks only, and this request came from another. From here, your account is an ordinary one.";
    NOT_FOUND = 404 "not-found" "There is no such thing"
        "The path or the thing it names does not exist, or is hidden from you.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed" "The method is not allowed here"
        "`Allow` lists the methods of this path.";
    CONFLICT = 409 "conflict" "The state does not allow this"
        "The request is valid, but the thing it changes is in a state that forbids it.";
    VERSION_CONFLICT = 412 "version-conflict" "It was changed in the meantime"
        "`If-Match` does not name the current version: read it again, apply your change, and send the new ETag.";
    PAYLOAD_TOO_LARGE = 413 "payload-too-large" "The body is too large"
        "`detail` names the limit.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type" "The content type is not supported"
        "Send JSON: `application/json`, or `application/merge-patch+json` for PATCH.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused" "The Idempotency-Key was used with another body"
        "A key belongs to one request. Take a new one for a new request.";
    PRECONDITION_REQUIRED = 428 "precondition-required" "If-Match is required"
        "Send the ETag that you read as `If-Match`, so that you overwrite nobody's change.";
    QUOTA_EXCEEDED = 429 "quota-exceeded" "Too many requests"
        "`Retry-After` says when to come again; `violated-policies` names the limits.";
    INTERNAL = 500 "internal" "Something went wrong on our side"
        "It was logged under the correlation id.";
    UNAVAILABLE = 503 "unavailable" "Temporarily unavailable"
        "Try again after `Retry-After`; nothing was changed.";
    TIMEOUT = 504 "timeout" "It took too long"
        "The deadline passed. With an Idempotency-Key it is safe to send the same request again.";
}

/// One fault in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body, or `?name`, `{name}`, `Header-Name`.
    pub pointer: String,
    /// A stable code for programs.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

/// One occurrence of an error.
#[derive(Clone)]
pub struct Problem(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: &'static ProblemType,
    detail: Option<String>,
    errors: Vec<FieldError>,
    extensions: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    media_type: &'static str,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// An occurrence of `kind`.
    pub fn new(kind: &'static ProblemType) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: None,
            errors: Vec::new(),
            extensions: Map::new(),
            headers: Vec::new(),
            media_type: "application/problem+json",
            source: None,
        }))
    }

    /// 404: `what` as in "The event".
    pub fn not_found(what: &str) -> Self {
        Self::new(&NOT_FOUND).detail(format!("{what} does not exist, or you may not see it."))
    }

    /// 403 with the reason.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(&FORBIDDEN).detail(detail)
    }

    /// 400 for one place of the request.
    pub fn invalid(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        Self::new(&INVALID_REQUEST)
            .detail(detail.clone())
            .error(pointer, code, detail)
    }

    /// 400 for all places found, or `Ok` when there are none.
    ///
    /// # Errors
    /// The problem, when `errors` is not empty.
    pub fn all(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() {
            return Ok(());
        }
        let mut problem = Self::new(&INVALID_REQUEST).detail(format!(
            "{} of the request's values break a rule.",
            errors.len()
        ));
        problem.0.errors = errors;
        Err(problem)
    }

    /// 500: the cause goes to the log, not to the caller.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(&INTERNAL).caused_by(cause)
    }

    /// What happened this time, for people.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a fault of the request.
    pub fn error(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        self.0.errors.push(FieldError {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        });
        self
    }

    /// Adds an extension member (RFC 9457 §3.2).
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.extensions.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// Sends the same body as plain JSON, where a standard wants that.
    pub fn as_plain_json(mut self) -> Self {
        self.0.media_type = "application/json";
        self
    }

    /// How it is sent.
    pub fn media_type(&self) -> &'static str {
        self.0.media_type
    }

    /// Keeps the cause for the log.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(cause.into()));
        self
    }

    /// Its kind.
    pub fn kind(&self) -> &'static ProblemType {
        self.0.kind
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The sentence about this occurrence.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Whether the same request may succeed later.
    pub fn retryable(&self) -> bool {
        matches!(self.0.kind.status, 429 | 500 | 503 | 504)
    }

    /// The body as it is sent.
    pub fn body(&self, instance: &str, correlation_id: &str) -> Value {
        let inner = &self.0;
        let mut body = Map::new();
        body.insert(
            "type".into(),
            format!("/v1/problems/{}", inner.kind.slug).into(),
        );
        body.insert("title".into(), inner.kind.title.into());
        body.insert("status".into(), inner.kind.status.into());
        if let Some(detail) = &inner.detail {
            body.insert("detail".into(), detail.clone().into());
        }
        body.insert("instance".into(), instance.into());
        body.insert("correlationId".into(), correlation_id.into());
        if !inner.errors.is_empty() {
            body.insert("errors".into(), serde_json::json!(inner.errors));
        }
        body.extend(inner.extensions.clone());
        Value::Object(body)
    }

    /// The chain of causes in one line, for the log.
    pub fn causes(&self) -> Option<String> {
        let first = self.0.source.as_deref()?;
        let mut text = first.to_string();
        let mut next = first.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        Some(text)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.detail.as_deref().unwrap_or(self.0.kind.title))
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("type", &self.0.kind.slug)
            .field("detail", &self.0.detail)
            .field("errors", &self.0.errors)
            .field("causes", &self.causes())
            .finish_non_exhaustive()
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|cause| cause as _)
    }
}

/// The body is written by [`crate::http`]'s outermost layer, which knows the
/// instance and the correlation id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}
