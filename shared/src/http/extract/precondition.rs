//! What a write depends on.

use axum::extract::FromRequestParts;
use http::header::IF_MATCH;
use http::request::Parts;

use crate::problem::{PRECONDITION_REQUIRED, Problem, VERSION_CONFLICT};

/// The `If-Match` header (RFC 9110 §13.1.1).
#[derive(Debug, Clone)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Whether the caller sent it at all.
    pub fn is_sent(&self) -> bool {
        self.0.is_some()
    }

    /// The write may go on only if the caller has seen `version`.
    ///
    /// # Errors
    /// 428 without the header, 412 for another version.
    pub fn require(&self, version: u64) -> Result<(), Problem> {
        let Some(given) = &self.0 else {
            return Err(Problem::new(&PRECONDITION_REQUIRED)
                .detail("Send If-Match with the ETag that you read."));
        };
        let (current, longer) = (format!("\"{version}\""), format!("\"{version}."));
        let matches = given
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag == current || tag.starts_with(&longer));
        if matches {
            Ok(())
        } else {
            Err(Problem::new(&VERSION_CONFLICT)
                .detail(format!("The current version is {current}."))
                .header(http::header::ETAG, &current))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = parts.headers.get(IF_MATCH);
        Ok(Self(
            given
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        ))
    }
}
