//! What the address of a request says: its path and its query.

use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Query parameters; repeated ones fill a `Vec`.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        serde_path_to_error::deserialize(serde_html_form::Deserializer::new(pairs))
            .map(Self)
            .map_err(|err| {
                let name = err.path().to_string();
                let name = if name == "." {
                    "?".to_owned()
                } else {
                    format!("?{name}")
                };
                Problem::invalid(name, "invalid", err.inner().to_string())
            })
    }
}

/// Path parameters; one that is no id of its kind names nothing: 404.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path =
            <axum::extract::Path<T> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        match path {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(err)) => {
                Err(Problem::not_found("What the path names").caused_by(err))
            }
            Err(err) => Err(Problem::internal(err)),
        }
    }
}
