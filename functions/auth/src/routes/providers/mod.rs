//! `/v1/auth/oauth`: signing in with a provider.

pub mod callback;
pub mod start;

use http::{HeaderMap, header::ACCEPT};
use jiff::Timestamp;
use serde::Serialize;
use shared::{http::Reply, problem::Problem};
use utoipa::ToSchema;

/// Where to go.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// Open it in the browser, not in a frame.
    #[schema(example = "https://accounts.google.com/o/oauth2/v2/auth?client_id=…")]
    authorization_url: String,
    /// When it is too late to come back.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl Departure {
    /// As JSON.
    pub fn told(authorization_url: String, expires_at: Timestamp) -> Result<Reply, Problem> {
        Reply::ok(&Self {
            authorization_url,
            expires_at,
        })
    }
}

/// Whether the caller is a program that wants to be told, rather than a browser
/// that wants to be sent.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}
