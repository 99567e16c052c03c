//! Who calls, and in which request.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::HeaderMap;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;

use crate::cx::Context;
use crate::http::guard::Caller;
use crate::principal::Principal;
use crate::problem::{Problem, UNAUTHENTICATED};

impl<S: Send + Sync> FromRequestParts<S> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Context>()
            .cloned()
            .ok_or_else(|| Problem::internal("a route without the frame"))
    }
}

/// The token of `Authorization: Bearer …`, if there is one.
pub(in crate::http) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

fn missing() -> Problem {
    // RFC 6750 §3: no error code when no credentials were sent.
    Problem::new(&UNAUTHENTICATED)
        .detail("Access token required.")
        .header(WWW_AUTHENTICATE, "Bearer realm=\"plenary\"")
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller(Ok(Some(principal)))) => Ok((**principal).clone()),
            Some(Caller(Err(problem))) => Err(problem.clone()),
            _ => Err(missing()),
        }
    }
}

/// A route for everybody still refuses a bad token: who sends one means it.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller(Ok(principal))) => Ok(principal.as_deref().cloned()),
            Some(Caller(Err(problem))) => Err(problem.clone()),
            None => Ok(None),
        }
    }
}
