//! `GET /v1/meta/events` (XC-11)

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::http::Reply;
use shared::page::Listing;
use shared::problem::Problem;
use utoipa::ToSchema;

/// Every contract with a sample, written by `cargo xtask generate`.
const ALL: &str = include_str!("../../assets/events.json");

/// A type of event in one of its versions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct EventType {
    /// The `CloudEvents` type.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The contract's version.
    pub(super) version: u32,
    /// The publishing domain.
    source: String,
    /// The form of the subject.
    subject: String,
    /// Where the schema of `data` is.
    pub(super) dataschema: String,
    /// When it is published.
    pub(super) description: String,
    /// The fields of `data` with their types, as far as the sample shows them.
    #[schema(value_type = Object)]
    pub(super) schema: Value,
    /// A whole event.
    #[schema(value_type = Object)]
    pub(super) sample: Value,
}

pub(super) fn all() -> Result<Vec<EventType>, Problem> {
    serde_json::from_str(ALL).map_err(Problem::internal)
}

/// The catalogue of domain events
#[utoipa::path(
    get, path = "/v1/meta/events", operation_id = "listEventTypes", tag = "platform", security(()),
    responses(
        (status = 200, description = "All types, by name", body = Listing<EventType>),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn list() -> Result<Reply, Problem> {
    let listing = Listing {
        items: all()?,
        next_cursor: None,
    };
    Ok(Reply::ok(&listing)?.hashed().public(300))
}
