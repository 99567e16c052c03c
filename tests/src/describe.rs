//! The documents that the platform group embeds: the merged OpenAPI
//! description, the list of problem types and the catalogue of events.
//!
//! They are committed under `functions/platform/assets/`, so that the platform
//! group depends on no other group's code. `cargo xtask generate` writes them,
//! and a test fails when they are stale.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use shared::problem::{COMMON, ProblemType};
use utoipa::openapi::OpenApi;

mod catalogue;
mod merge;

/// An endpoint group as it describes itself.
pub struct Group {
    /// Its name, also its tag.
    pub name: &'static str,
    /// Its interface.
    pub openapi: fn() -> OpenApi,
    /// Its own problem types, beside the common ones.
    pub problems: &'static [&'static ProblemType],
}

/// Every group there is.
pub const GROUPS: &[Group] = &[
    Group {
        name: "auth",
        openapi: plenary_auth::openapi,
        problems: plenary_auth::PROBLEMS,
    },
    Group {
        name: "events",
        openapi: plenary_events::openapi,
        problems: plenary_events::PROBLEMS,
    },
    Group {
        name: "matchmaking",
        openapi: plenary_matchmaking::openapi,
        problems: plenary_matchmaking::PROBLEMS,
    },
    Group {
        name: "media",
        openapi: plenary_media::openapi,
        problems: plenary_media::PROBLEMS,
    },
    Group {
        name: "notifications",
        openapi: plenary_notifications::openapi,
        problems: plenary_notifications::PROBLEMS,
    },
    Group {
        name: "platform",
        openapi: plenary_platform::openapi,
        problems: plenary_platform::PROBLEMS,
    },
];

/// Why the documents cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// Two groups, or a group and the rules, contradict each other.
    #[error("{0}")]
    Conflict(String),
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or a description is not the JSON it should be.
    #[error("{what}: {source}")]
    Json {
        /// Which.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// The documents by file name, as they are committed.
///
/// # Errors
/// See [`DescribeError`].
pub fn documents(root: &Path) -> Result<BTreeMap<&'static str, String>, DescribeError> {
    let openapi = merge::openapi(GROUPS)?;
    let problems = problems(GROUPS)?;
    let events = catalogue::events(root)?;
    Ok(BTreeMap::from([
        ("openapi.json", text(&openapi)),
        ("problems.json", text(&problems)),
        ("events.json", text(&events)),
    ]))
}

/// Where the documents are committed.
pub fn assets(root: &Path) -> PathBuf {
    root.join("functions/platform/assets")
}

/// Writes the documents that changed and returns their names.
///
/// # Errors
/// See [`DescribeError`].
pub fn write(root: &Path) -> Result<Vec<&'static str>, DescribeError> {
    let mut changed = Vec::new();
    for (name, text) in documents(root)? {
        let path = assets(root).join(name);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        fs::write(&path, text).map_err(|source| DescribeError::File { path, source })?;
        changed.push(name);
    }
    Ok(changed)
}

/// Sorted keys whatever `serde_json` was built with, so that the same
/// interface always gives the same bytes.
fn text(document: &Value) -> String {
    let mut text = format!("{:#}", sorted(document));
    text.push('\n');
    text
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, &Value> = map.iter().collect();
            let map: Map<String, Value> = ordered
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            Value::Object(map)
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Every problem type by slug, with the groups that answer with it.
fn problems(groups: &[Group]) -> Result<Value, DescribeError> {
    let mut found: BTreeMap<&str, (&ProblemType, Vec<&str>)> = BTreeMap::new();
    let common = COMMON.iter().map(|kind| (*kind, "all"));
    let own = groups
        .iter()
        .flat_map(|group| group.problems.iter().map(|kind| (*kind, group.name)));
    for (kind, group) in common.chain(own) {
        let (known, users) = found.entry(kind.slug).or_insert((kind, Vec::new()));
        if *known != kind {
            let slug = kind.slug;
            return Err(DescribeError::Conflict(format!(
                "two problem types are called {slug}"
            )));
        }
        if !users.contains(&group) && !users.contains(&"all") {
            users.push(group);
        }
    }
    Ok(found
        .into_values()
        .map(|(kind, groups)| {
            json!({
                "type": format!("/v1/problems/{}", kind.slug),
                "slug": kind.slug,
                "title": kind.title,
                "status": kind.status,
                "description": kind.description,
                "groups": groups,
            })
        })
        .collect())
}

#[cfg(test)]
mod tests;
