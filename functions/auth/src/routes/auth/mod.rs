//! `/v1/auth`: accounts and sessions.

pub mod login;
pub mod logout;
mod newcomer;
pub mod refresh;
pub mod register;
pub mod revoke_others;
pub mod revoke_session;
pub mod session;
pub mod sessions;

use http::header::WWW_AUTHENTICATE;
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    id::SessionId,
    problem::{Problem, UNAUTHENTICATED},
};
use utoipa::ToSchema;

use crate::{model::session::Session, problems::INVALID_REFRESH_TOKEN};

/// A session as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    id: SessionId,
    /// Whether it is the session of this access token.
    current: bool,
    #[schema(example = "Firefox on Linux")]
    device: String,
    /// The network that it was last used from, coarsely.
    #[schema(example = "203.0.113.0/24")]
    address: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When a token was last issued for it.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When it ends unless it is used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl SessionView {
    fn of(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            current: session.id == current,
            device: session.device.clone(),
            address: session.address.clone(),
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
        }
    }
}

/// The session of a token ended a moment ago.
fn ended() -> Problem {
    Problem::new(&UNAUTHENTICATED)
        .detail("The session has ended.")
        .header(
            WWW_AUTHENTICATE,
            "Bearer realm=\"plenary\", error=\"invalid_token\"",
        )
}

/// The refresh token cannot be exchanged; why is not told.
fn invalid_refresh_token() -> Problem {
    Problem::new(&INVALID_REFRESH_TOKEN)
        .detail("The refresh token is malformed, expired or revoked: sign in again.")
        .header(
            WWW_AUTHENTICATE,
            "Bearer realm=\"plenary\", error=\"invalid_token\"",
        )
}
