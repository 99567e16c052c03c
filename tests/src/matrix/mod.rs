//! OR-04, SC-06, SC-10: every route of every group, tried by everybody who may
//! not use it.
//!
//! The routes come from the groups' own descriptions, so a new one falls under
//! this by itself. The bodies are made from their schemas, and the ids in paths,
//! queries and bodies are those of one tenant's real things. [`except`] lists
//! what is allowed after all, each for a reason; an entry that no longer happens
//! fails the test, so that the list only shrinks.

mod administrators;
mod body;
mod except;
mod keys;
mod stage;

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::testing::{TestReply, TestRequest};

use crate::describe::GROUPS;
use stage::Stage;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// One operation of one group.
#[derive(Debug, Clone)]
struct Operation {
    group: &'static str,
    id: String,
    method: Method,
    path: String,
    /// Whether it can be called without a token.
    open: bool,
    /// Whether it looks at a token.
    guarded: bool,
    /// Whether it names something of somebody: in path, query or body.
    named: bool,
    /// The scope that a key needs here.
    scope: Option<String>,
    /// The problems that it names for 403.
    forbids: String,
    body: Option<(String, Value)>,
    /// Parameters of the path for which the tenant has nothing.
    unreal: Vec<String>,
}

/// The query of a request: the tenant's organisation where it can name one, and
/// a word for whatever else is required.
fn query_of(operation: &Value, organization: impl std::fmt::Display) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let pairs = parameters.filter(|parameter| parameter["in"] == "query");
    let pairs = pairs.filter_map(|parameter| match parameter["name"].as_str()? {
        "organizationId" => Some(format!("organizationId={organization}")),
        name if parameter["required"] == true => Some(format!("{name}=word")),
        _ => None,
    });
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

/// Everything that the groups describe, with the tenant's ids filled in.
fn operations(stage: &Stage) -> Vec<Operation> {
    let mut all = Vec::new();
    for group in GROUPS {
        let document = serde_json::to_value((group.openapi)()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                // A path item may have other members: `parameters`, `summary`.
                if !METHODS.contains(&method.as_str()) {
                    continue;
                }
                let method = method.to_uppercase().parse().unwrap();
                all.push(described(
                    stage, group.name, &document, path, method, operation,
                ));
            }
        }
    }
    all
}

fn described(
    stage: &Stage,
    group: &'static str,
    document: &Value,
    path: &str,
    method: Method,
    operation: &Value,
) -> Operation {
    let id = operation["operationId"].as_str().unwrap().to_owned();
    let none = json!({});
    let security = operation["security"].as_array().unwrap();
    let (filled, unreal) = invented(document, operation, &stage.names.fill(group, path));
    let query = query_of(operation, stage.names.id_of("organizationId").unwrap());
    let by_query = query.contains("organizationId=");
    let body = body::of(document, operation, &stage.names);
    let text = body
        .as_ref()
        .map_or_else(String::new, |(_, body)| body.to_string());
    Operation {
        named: stage.names.occur_in(&filled) || by_query || stage.names.occur_in(&text),
        path: format!("{filled}{query}"),
        open: security.contains(&none),
        guarded: security.iter().any(|requirement| *requirement != none),
        scope: security
            .iter()
            .find_map(|requirement| requirement["bearer"][0].as_str())
            .map(str::to_owned),
        forbids: operation["responses"]["403"]["description"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        group,
        id,
        method,
        body,
        unreal,
    }
}

/// What is left of a path's parameters, by the examples of their schemas.
fn invented(document: &Value, operation: &Value, path: &str) -> (String, Vec<String>) {
    let mut unreal = Vec::new();
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| {
            let name = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
            let Some(name) = name else {
                return segment.to_owned();
            };
            unreal.push(name.to_owned());
            let described = operation["parameters"].as_array();
            let described = described.into_iter().flatten();
            let mut described = described.filter(|one| one["in"] == "path" && one["name"] == name);
            let example = described
                .next()
                .map(|one| body::value(document, &one["schema"], &stage::Names::default(), ""));
            match example {
                Some(Value::String(text)) => text.replace(' ', "-"),
                Some(Value::Number(number)) => number.to_string(),
                _ => "junk".to_owned(),
            }
        })
        .collect();
    (segments.join("/"), unreal)
}

async fn send(stage: &Stage, operation: &Operation, token: Option<&str>) -> TestReply {
    request(stage, operation, token).send().await
}

fn request(stage: &Stage, operation: &Operation, token: Option<&str>) -> TestRequest {
    let api = &stage.apis[operation.group];
    let mut request = api
        .request(operation.method.clone(), &operation.path)
        // No precondition stands before the right to do it.
        .header("if-match", "*");
    if let Some((content_type, body)) = &operation.body {
        request = request
            .header("content-type", content_type)
            .json(body.clone());
    }
    if let Some(token) = token {
        request = request.token(token);
    }
    request
}

/// GW-04, GW-23, AU-08, AU-10: no token, and tokens that are none any more. One
/// that nobody asked for does no harm where nobody looks at it.
#[tokio::test]
async fn or_04_every_route_of_every_group_refuses_missing_expired_revoked_and_tampered_tokens() {
    let stage = Stage::new().await;
    let operations = operations(&stage);
    let mut tried = 0;
    for operation in operations.iter().filter(|operation| operation.guarded) {
        let what = format!("{} {}", operation.method, operation.path);
        if !operation.open {
            let reply = send(&stage, operation, None).await;
            assert_eq!(
                reply.status,
                StatusCode::UNAUTHORIZED,
                "{what} without a token"
            );
            tried += 1;
        }
        for (kind, token) in &stage.bad_tokens {
            let reply = send(&stage, operation, Some(token)).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{what}, {kind}");
            tried += 1;
        }
    }
    assert!(tried > 200, "only {tried} requests");
    // What is open to everybody is listed, and the list only shrinks.
    let open: BTreeSet<&str> = operations
        .iter()
        .filter(|operation| operation.open)
        .map(|operation| operation.id.as_str())
        .collect();
    let known: BTreeSet<&str> = except::OPEN.iter().map(|(id, _)| *id).collect();
    assert_eq!(open, known);
}

/// OR-04, SC-06: what belongs to a tenant is neither shown to another's owner nor
/// changed by them.
#[tokio::test]
async fn or_04_every_route_of_every_group_hides_a_tenants_things_from_another_tenant() {
    let stage = Stage::new().await;
    let stranger = stage.stranger.clone();
    refused(&stage, &stranger, except::OTHER_TENANT).await;
}

/// OR-03, OR-04: the least of the members reads what members read, and does nothing.
#[tokio::test]
async fn or_04_every_route_of_every_group_refuses_the_lowest_role_what_is_not_its_own() {
    let stage = Stage::new().await;
    let member = stage.member.clone();
    refused(&stage, &member, except::LOWEST_ROLE).await;
}

/// Tries everything that names something of the tenant's; what succeeds must be
/// listed, and what is listed must succeed.
async fn refused(stage: &Stage, token: &str, exceptions: &[(&str, &str)]) {
    let (mut succeeded, mut tried) = (BTreeSet::new(), 0);
    let mut broken = Vec::new();
    let mut before = stage.everything().await;
    for operation in operations(stage) {
        if !operation.guarded || !operation.named {
            continue;
        }
        tried += 1;
        let reply = send(stage, &operation, Some(token)).await;
        let what = format!("{} {}", operation.method, operation.path);
        let after = stage.everything().await;
        match reply.status.as_u16() {
            // What is open to strangers names nothing of the tenant's.
            200..=299 if !(token == stage.stranger && stage.names.occur_in(&reply.text)) => {
                succeeded.insert(operation.id);
            }
            403 | 404 | 409 | 410 if after == before => {}
            status => broken.push(format!("{what}: {status} {}", reply.text)),
        }
        before = after;
    }
    // A refusal changes nothing, and one as malformed would prove nothing.
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(tried > 30, "only {tried} operations were tried");
    let succeeded: BTreeSet<&str> = succeeded.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = exceptions.iter().map(|(id, _)| *id).collect();
    assert_eq!(succeeded, known);
    assert!(exceptions.iter().all(|(_, why)| why.len() > 10));
}

/// The requests are good ones: whoever may make them is not told that they are
/// malformed.
#[tokio::test]
async fn or_04_the_requests_of_the_matrix_are_good_ones() {
    let stage = Stage::new().await;
    let owner = stage.owner.clone();
    let mut operations = operations(&stage);
    // What destroys comes last.
    operations.sort_by_key(|operation| operation.method == Method::DELETE);
    let (mut succeeded, mut broken) = (0, Vec::new());
    for operation in operations.iter().filter(|operation| operation.named) {
        let reply = send(&stage, operation, Some(&owner)).await;
        let status = reply.status.as_u16();
        let what = format!("{} {}: {}", operation.method, operation.path, reply.text);
        if matches!(status, 400 | 415 | 422 | 428 | 500..) && status != 503 {
            broken.push(format!("{status} {what}"));
        }
        succeeded += u32::from(reply.status.is_success());
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(succeeded > 20, "only {succeeded} succeeded");
    // Where the tenant has nothing to try, that is known; this list shrinks too.
    let guarded = operations.iter().filter(|operation| operation.guarded);
    let unreal: BTreeSet<&str> = guarded
        .flat_map(|operation| operation.unreal.iter().map(String::as_str))
        .collect();
    let known: BTreeSet<&str> = except::UNREAL.iter().map(|(name, _)| *name).collect();
    assert_eq!(unreal, known);
}
