//! One OpenAPI 3.1 document out of the groups' own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{DescribeError, Group};

/// Where a document keeps its schemas.
const SCHEMAS: &str = "/components/schemas";

const DESCRIPTION: &str = "\
Plenary is a backend for conferences and the communities around them.

Bodies are JSON in camelCase, and a body with an unknown field is refused. Lists are \
`{items, nextCursor}`: pass `nextCursor` as `cursor` until it is null. Errors are problem details \
(RFC 9457); every type is listed at `/v1/problems`.

Access tokens come from `POST /v1/auth/login` and go into `Authorization: Bearer`. Send an \
`Idempotency-Key` with POST and PATCH, and repeating a request is safe.";

/// The merged document.
pub(super) fn openapi(groups: &[Group]) -> Result<Value, DescribeError> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    let mut tags = Vec::new();
    let mut documents = Vec::new();
    for group in groups {
        let document = serde_json::to_value((group.openapi)()).map_err(|source| {
            let what = group.name.to_owned();
            DescribeError::Json { what, source }
        })?;
        tags.push(tag(group.name)?);
        documents.push((group.name, document));
    }
    tell_apart(&mut documents);
    for (group, mut document) in documents {
        for (path, item) in take(&mut document, "/paths") {
            add_path(&mut paths, path, item, group)?;
        }
        schemas.extend(take(&mut document, SCHEMAS));
    }
    schemas.insert("Problem".into(), problem_schema());
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Plenary API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": problem_response()},
            "securitySchemes": {
                "bearer": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "An access token (RFC 6750, RFC 9068), which lives 15 minutes, \
                                    or an API key. What an operation lists is the scope that keys \
                                    and narrowed tokens need; one that lists none refuses them.",
                },
            },
        },
    }))
}

fn take(document: &mut Value, pointer: &str) -> Map<String, Value> {
    match document.pointer_mut(pointer).map(Value::take) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn tag(group: &str) -> Result<Value, DescribeError> {
    let domain = plenary_platform::model::DOMAINS
        .iter()
        .find(|domain| domain.name == group)
        .ok_or_else(|| {
            DescribeError::Conflict(format!("platform does not know the group {group}"))
        })?;
    Ok(json!({"name": group, "description": domain.description}))
}

fn add_path(
    paths: &mut Map<String, Value>,
    path: String,
    mut item: Value,
    group: &str,
) -> Result<(), DescribeError> {
    if paths.contains_key(&path) {
        return Err(DescribeError::Conflict(format!(
            "{group}: {path} is documented twice"
        )));
    }
    for (method, operation) in item.as_object_mut().into_iter().flatten() {
        if method == "parameters" {
            continue;
        }
        // The tag is the group; what else an operation says of itself stays.
        operation["tags"] = json!([group]);
        if let Some(responses) = operation["responses"].as_object_mut() {
            responses
                .entry("default")
                .or_insert(json!({"$ref": "#/components/responses/Problem"}));
            for (status, response) in responses {
                describe_problem(status, response);
            }
        }
    }
    paths.insert(path, item);
    Ok(())
}

/// An error without a body of its own is a problem.
fn describe_problem(status: &str, response: &mut Value) {
    let is_error = status.starts_with(['4', '5']);
    if is_error && response.get("content").is_none() && response.get("$ref").is_none() {
        response["content"] = problem_content();
    }
}

/// Two groups may mean different things by one name: then both get the
/// group's name in front. What refers to them differs only after that, so it
/// is looked at again until nothing differs.
fn tell_apart(documents: &mut [(&str, Value)]) {
    loop {
        let mut seen: BTreeMap<String, Value> = BTreeMap::new();
        let mut differing = BTreeSet::new();
        for (_, document) in documents.iter() {
            for (name, schema) in document
                .pointer(SCHEMAS)
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                if *seen.entry(name.clone()).or_insert_with(|| schema.clone()) != *schema {
                    differing.insert(name.clone());
                }
            }
        }
        if differing.is_empty() {
            return;
        }
        for (group, document) in documents.iter_mut() {
            for name in &differing {
                rename(document, name, &format!("{}{name}", capitalised(group)));
            }
        }
    }
}

fn capitalised(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

fn rename(document: &mut Value, old: &str, new: &str) {
    let schemas = document.pointer_mut(SCHEMAS).and_then(Value::as_object_mut);
    let Some((schemas, schema)) = schemas.and_then(|all| all.remove(old).map(|one| (all, one)))
    else {
        return;
    };
    schemas.insert(new.to_owned(), schema);
    let reference = |name: &str| format!("#{SCHEMAS}/{name}");
    redirect(document, &reference(old), &reference(new));
}

fn redirect(at: &mut Value, old: &str, new: &str) {
    match at {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Object(map) => map.values_mut().for_each(|value| redirect(value, old, new)),
        Value::Array(items) => items.iter_mut().for_each(|value| redirect(value, old, new)),
        _ => {}
    }
}

fn problem_content() -> Value {
    json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}})
}

fn problem_response() -> Value {
    json!({"description": "What went wrong (RFC 9457).", "content": problem_content()})
}

fn problem_schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status", "instance", "correlationId"],
        "properties": {
            "type": text("The kind of problem: a path that resolves on this API."),
            "title": text("What the kind is called."),
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": text("What happened this time."),
            "instance": text("The path that was requested."),
            "correlationId": text("The id under which the log knows this request."),
            "errors": {
                "type": "array",
                "description": "Each fault of the request.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "pointer": text("JSON Pointer into the body, or `?name`, `{name}`, `Header-Name`."),
                        "code": text("A stable code for programs."),
                        "detail": text("A sentence for people."),
                    },
                },
            },
        },
    })
}
