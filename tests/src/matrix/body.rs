//! A body for every operation, from its schema.

use serde_json::{Map, Value, json};

use super::stage::Names;

/// The content type and a body that the schema admits, with the tenant's ids.
pub fn of(document: &Value, operation: &Value, names: &Names) -> Option<(String, Value)> {
    let content = operation["requestBody"]["content"].as_object()?;
    let (content_type, media) = content.iter().next()?;
    let id = operation["operationId"].as_str().unwrap_or_default();
    let mut body = value(document, &media["schema"], names, "");
    // What a schema cannot say.
    if let Some(known) = names.body(id) {
        for (name, value) in known.as_object().unwrap() {
            body[name] = value.clone();
        }
    }
    Some((content_type.clone(), body))
}

pub fn value(document: &Value, schema: &Value, names: &Names, name: &str) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        return value(document, document.pointer(pointer).unwrap(), names, name);
    }
    if let Some(known) = names.id_of(name) {
        return known.into();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let real = choices.iter().find(|one| one["type"] != "null");
            return real.map_or(Value::Null, |one| value(document, one, names, name));
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(members) = value(document, part, names, name) {
                whole.extend(members);
            }
        }
        return whole.into();
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    for example in ["example", "default"] {
        if !schema[example].is_null() {
            return schema[example].clone();
        }
    }
    if let Some(example) = schema["examples"].as_array().and_then(|all| all.first()) {
        return example.clone();
    }
    typed(document, schema, names)
}

fn typed(document: &Value, schema: &Value, names: &Names) -> Value {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned(),
        kind => Some(kind.clone()),
    };
    match kind.as_ref().and_then(Value::as_str) {
        Some("string") => text(schema).into(),
        Some("integer" | "number") => schema["minimum"].as_u64().unwrap_or(1).max(1).into(),
        Some("boolean") => false.into(),
        Some("array") => {
            let fewest = schema["minItems"].as_u64().unwrap_or(0);
            (0..fewest)
                .map(|_| value(document, &schema["items"], names, ""))
                .collect()
        }
        _ => {
            let required = schema["required"].as_array();
            let wanted = required.into_iter().flatten().filter_map(Value::as_str);
            let members = wanted.map(|name| {
                let member = value(document, &schema["properties"][name], names, name);
                (name.to_owned(), member)
            });
            members.collect::<Map<_, _>>().into()
        }
    }
}

fn text(schema: &Value) -> String {
    match schema["format"].as_str() {
        Some("date-time") => "2026-10-12T07:00:00Z".to_owned(),
        Some("email") => "somebody@example.org".to_owned(),
        Some("uri") => "https://example.org/".to_owned(),
        _ => {
            let fewest = schema["minLength"].as_u64().unwrap_or(0);
            "violet teapot marches north"
                .chars()
                .cycle()
                .take(usize::try_from(fewest.max(8)).unwrap_or(8))
                .collect()
        }
    }
}

#[test]
fn a_schema_becomes_a_body() {
    let document = json!({"components": {"schemas": {"Tag": {"enum": ["a", "b"]}}}});
    let schema = json!({
        "type": "object",
        "required": ["tag", "count", "text", "maybe"],
        "properties": {
            "tag": {"$ref": "#/components/schemas/Tag"},
            "count": {"type": "integer", "minimum": 3},
            "text": {"type": "string", "minLength": 2},
            "maybe": {"oneOf": [{"type": "null"}, {"type": "boolean"}]},
            "left": {"type": "string"},
        },
    });
    let made = value(&document, &schema, &Names::default(), "");
    let wanted = json!({"tag": "a", "count": 3, "text": "violet t", "maybe": false});
    assert_eq!(made, wanted);
}
