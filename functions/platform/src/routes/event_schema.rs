//! `GET /v1/meta/events/{type}/{version}` (XC-11): where an event's
//! `dataschema` leads.

use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use shared::http::{Path, Reply};
use shared::problem::Problem;

use super::events::{EventType, all};

fn document(event: &EventType) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": event.dataschema,
        "title": event.kind,
        "description": event.description,
        "type": "object",
        "properties": event.schema["properties"],
        "examples": [event.sample["data"]],
    })
}

/// The schema of an event's data
///
/// JSON Schema 2020-12. It names the fields and their types; fields may be
/// absent, and later ones may come without a new version.
#[utoipa::path(
    get, path = "/v1/meta/events/{type}/{version}", operation_id = "getEventSchema", tag = "platform", security(()),
    params(
        ("type" = String, Path, description = "The dotted type"),
        ("version" = u32, Path, description = "The contract's version"),
    ),
    responses(
        (status = 200, description = "The schema", body = Object, content_type = "application/schema+json"),
        (status = 404, description = "There is no such type or version"),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn read(Path((kind, version)): Path<(String, u32)>) -> Result<Reply, Problem> {
    let mut found = all()?.into_iter().filter(|event| event.kind == kind);
    let event = found
        .find(|event| event.version == version)
        .ok_or_else(|| Problem::not_found("The event type"))?;
    let reply = Reply::ok(&document(&event))?.header(CONTENT_TYPE, "application/schema+json");
    Ok(reply.hashed().public(300))
}
