//! AU-25: every route of every group, tried by keys of the tenant's owner that
//! may do everything but what the route asks for.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::scope;

use super::stage::Stage;
use super::{Operation, operations, send};

/// The scope that a route asks a key for; none where no key is let in.
fn wanted(operation: &Operation) -> Option<&str> {
    let asks_itself = operation.forbids.contains("insufficient-scope");
    let by_itself = asks_itself.then_some(scope::INTROSPECT);
    operation.scope.as_deref().or(by_itself)
}

/// Every scope but that one, and what includes it.
fn all_but(wanted: Option<&str>) -> BTreeSet<String> {
    let opens = |name: &String| {
        let held = BTreeSet::from([name.clone()]);
        wanted.is_some_and(|wanted| scope::include(&held, wanted))
    };
    let all = scope::all().map(|(name, _)| name);
    all.filter(|name| !opens(name)).collect()
}

fn slug(body: &Value) -> &str {
    let kind = body["type"].as_str().unwrap_or_default();
    kind.trim_start_matches("/v1/problems/")
}

/// Also where a route is open to everybody: who sends a key means it.
#[tokio::test]
async fn au_25_every_route_of_every_group_refuses_a_key_without_its_scope() {
    let stage = Stage::new().await;
    let (mut scoped, mut closed, mut broken) = (0, 0, Vec::new());
    for operation in operations(&stage).iter().filter(|one| one.guarded) {
        let wanted = wanted(operation);
        let key = stage.key(all_but(wanted)).await;
        let before = stage.everything().await;
        let reply = send(&stage, operation, Some(&key)).await;
        let asked = if let Some(wanted) = wanted {
            scoped += 1;
            slug(&reply.body) == "insufficient-scope"
                && reply.body["requiredScope"] == wanted
                && reply.header("www-authenticate").contains(wanted)
        } else {
            closed += 1;
            slug(&reply.body) == "sign-in-required"
        };
        if reply.status != 403 || !asked || stage.everything().await != before {
            let what = format!("{} {}", operation.method, operation.path);
            broken.push(format!("{what}: {} {}", reply.status, reply.text));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(
        scoped > 60 && closed > 40,
        "{scoped} by scope, {closed} closed"
    );
}

/// The keys above are good ones: one that has the route's scope alone, and
/// belongs to somebody else, is never told that it lacks one.
#[tokio::test]
async fn au_25_every_route_of_every_group_takes_the_scope_that_it_names() {
    let stage = Stage::new().await;
    for operation in operations(&stage).iter().filter(|one| one.guarded) {
        let Some(wanted) = wanted(operation) else {
            continue;
        };
        let key = stage.strangers_key([wanted.to_owned()].into()).await;
        let reply = send(&stage, operation, Some(&key)).await;
        let what = format!("{} {}: {}", operation.method, operation.path, reply.text);
        assert_ne!(reply.status, 401, "{what}");
        let lacks = ["insufficient-scope", "sign-in-required"];
        assert!(!lacks.contains(&slug(&reply.body)), "{what}");
    }
}
