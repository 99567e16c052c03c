//! The catalogue of events: what the contracts say, with a sample each.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use shared::Timestamp;
use shared::event::{CATALOGUE, Published};

use super::DescribeError;

/// One entry per type and version, in the order of the types.
pub(super) fn events(root: &Path) -> Result<Value, DescribeError> {
    let docs = Docs::read(root)?;
    let mut contracts: Vec<&Published> = CATALOGUE.iter().collect();
    contracts.sort_by_key(|contract| (contract.kind, contract.version));
    contracts
        .into_iter()
        .map(|contract| entry(root, contract, &docs))
        .collect()
}

fn entry(root: &Path, contract: &Published, docs: &Docs) -> Result<Value, DescribeError> {
    let name = format!("{}.v{}.json", contract.kind, contract.version);
    let path = root.join("events/contracts").join(&name);
    let text = fs::read_to_string(&path).map_err(|source| DescribeError::File { path, source })?;
    let sample: Value =
        serde_json::from_str(&text).map_err(|source| DescribeError::Json { what: name, source })?;
    let description = docs.of(contract.kind).ok_or_else(|| {
        DescribeError::Conflict(format!(
            "the contract of {} has no docstring",
            contract.kind
        ))
    })?;
    let subject = sample["subject"].as_str().unwrap_or_default();
    let prefix = subject
        .rsplit_once('_')
        .map_or(subject, |(prefix, _)| prefix);
    Ok(json!({
        "type": contract.kind,
        "version": contract.version,
        "source": contract.source,
        "subject": format!("{prefix}_*"),
        "dataschema": format!("/v1/meta/events/{}/{}", contract.kind, contract.version),
        "description": description,
        "schema": schema(&sample["data"]),
        "sample": sample,
    }))
}

/// What a sample shows of its schema: names and types, and nothing about
/// which fields may be absent.
fn schema(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": "number"}),
        Value::Number(_) => json!({"type": "integer"}),
        Value::String(text) if text.parse::<Timestamp>().is_ok() => {
            json!({"type": "string", "format": "date-time"})
        }
        Value::String(_) => json!({"type": "string"}),
        Value::Array(items) => match items.first() {
            Some(item) => json!({"type": "array", "items": schema(item)}),
            None => json!({"type": "array"}),
        },
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|(name, value)| (name.clone(), schema(value)))
                .collect();
            json!({"type": "object", "properties": properties})
        }
    }
}

/// The docstrings of the contracts' structs, which no program can reach at
/// run time, read from the source.
struct Docs(Vec<String>);

impl Docs {
    fn read(root: &Path) -> Result<Self, DescribeError> {
        let folder = root.join("shared/src/event");
        let file_error = |path: &Path| {
            let path = path.to_owned();
            move |source| DescribeError::File { path, source }
        };
        let mut lines = Vec::new();
        for entry in fs::read_dir(&folder).map_err(file_error(&folder))? {
            let path = entry.map_err(file_error(&folder))?.path();
            let text = fs::read_to_string(&path).map_err(file_error(&path))?;
            lines.extend(text.lines().map(|line| line.trim().to_owned()));
        }
        Ok(Self(lines))
    }

    /// The docstring of the struct whose contract has this type.
    fn of(&self, kind: &str) -> Option<String> {
        let quoted = format!("\"{kind}\"");
        let at = self.0.iter().position(|line| line.contains(&quoted))?;
        // `contract!(Name, "kind", …)`, or `Name, "kind"` with or without a break.
        let line = self.0[at].split(&quoted).next()?;
        let before = if line.contains(',') {
            line
        } else {
            self.0.get(at.checked_sub(1)?)?
        };
        let name = before
            .trim_end_matches([',', ' '])
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()?;
        let declared = format!("pub struct {name} ");
        let place = self.0.iter().position(|line| line.starts_with(&declared));
        self.doc_before(place.unwrap_or(if line.contains(',') { at } else { at - 1 }))
    }

    fn doc_before(&self, at: usize) -> Option<String> {
        let above = self.0[..at].iter().rev();
        let mut doc: Vec<&str> = above
            .skip_while(|line| line.starts_with("#["))
            .map_while(|line| line.strip_prefix("///"))
            .map(str::trim)
            .collect();
        doc.reverse();
        (!doc.is_empty()).then(|| doc.join(" "))
    }
}
