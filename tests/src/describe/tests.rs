//! GW-01, GW-02, GW-18, B1-11, XC-11: the description is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use plenary_platform::model::{DOMAINS, owner};
use serde_json::Value;

use super::{GROUPS, assets, documents};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn document(name: &str) -> Value {
    serde_json::from_str(&documents(root()).unwrap()[name]).unwrap()
}

/// Every operation as (path, method, operation).
fn operations(openapi: &Value) -> Vec<(&str, &str, &Value)> {
    openapi["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods
                .filter(|(method, _)| *method != "parameters")
                .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

/// GW-18: the committed documents are the interface as it is.
#[test]
fn gw_18_committed_documents_are_current() {
    for (name, text) in documents(root()).unwrap() {
        let committed = fs::read_to_string(assets(root()).join(name)).unwrap();
        assert!(
            committed == text,
            "{name} is stale: run `cargo xtask generate`"
        );
    }
}

/// GW-18: all groups are described.
#[test]
fn gw_18_every_domain_is_described() {
    let described: BTreeSet<&str> = GROUPS.iter().map(|group| group.name).collect();
    let domains: BTreeSet<&str> = DOMAINS.iter().map(|domain| domain.name).collect();
    assert_eq!(described, domains);
}

/// GW-18: what a generated client and the interactive page need.
#[test]
fn gw_18_every_operation_is_described_in_full() {
    let openapi = document("openapi.json");
    let mut ids = BTreeSet::new();
    let mut faults = Vec::new();
    for (path, method, operation) in operations(&openapi) {
        let mut fault = |what: &str| faults.push(format!("{method} {path}: {what}"));
        match operation["operationId"].as_str() {
            Some(id) if ids.insert(id) => {}
            Some(id) => fault(&format!("the operationId {id} is taken")),
            None => fault("no operationId"),
        }
        if operation["summary"]
            .as_str()
            .is_none_or(|text| text.trim().is_empty())
        {
            fault("no summary");
        }
        if operation["tags"].as_array().is_none_or(Vec::is_empty) {
            fault("no tag");
        }
        // `[]` or `{}` inside says explicitly that no token is needed.
        if !operation["security"].is_array() {
            fault("neither security nor an anonymous mark");
        }
        for parameter in path.split(['{', '}']).skip(1).step_by(2) {
            let parameters = operation["parameters"].as_array();
            let documented = parameters
                .into_iter()
                .flatten()
                .any(|one| one["in"] == "path" && one["name"] == parameter);
            if !documented {
                fault(&format!("the path parameter {parameter} is not documented"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

const PROBES: [&str; 3] = ["/v1/health", "/v1/health/live", "/v1/health/ready"];

/// B1-11: every operation says which errors it has, and each is a problem.
#[test]
fn b1_11_every_operation_documents_problem_responses() {
    let openapi = document("openapi.json");
    let mut faults = Vec::new();
    for (path, method, operation) in operations(&openapi) {
        let responses = operation["responses"].as_object().unwrap();
        let errors = responses
            .iter()
            .filter(|(status, _)| status.starts_with('4'));
        let mut found = false;
        for (status, response) in errors {
            found = true;
            if response["content"]
                .get("application/problem+json")
                .is_none()
            {
                faults.push(format!("{method} {path}: {status} is not a problem"));
            }
        }
        // Probes take nothing and refuse nothing.
        if !found && !PROBES.contains(&path) {
            faults.push(format!("{method} {path}: no 4xx"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// GW-18: no reference points nowhere.
#[test]
fn gw_18_every_reference_resolves() {
    fn check(at: &Value, openapi: &Value) {
        match at {
            Value::Object(map) => {
                if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(
                        openapi.pointer(pointer).is_some(),
                        "{reference} resolves to nothing"
                    );
                }
                map.values().for_each(|value| check(value, openapi));
            }
            Value::Array(items) => items.iter().for_each(|value| check(value, openapi)),
            _ => {}
        }
    }
    let openapi = document("openapi.json");
    check(&openapi, &openapi);
}

/// The gateway's routes from the template: route path → group.
fn gateway_routes() -> BTreeMap<String, String> {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let mut routes = BTreeMap::new();
    let mut key = None;
    for line in template.lines().map(str::trim) {
        if let Some(route) = line.strip_prefix("RouteKey: ") {
            let path = route.strip_prefix("ANY ").unwrap_or(route);
            key = Some(path.to_owned());
        } else if let Some(target) = line.strip_prefix("Target: !Sub integrations/${") {
            let group = target
                .strip_suffix("ApiIntegration}")
                .unwrap()
                .to_lowercase();
            routes.insert(key.take().unwrap(), group);
        }
    }
    routes
}

/// As API Gateway chooses: the exact path, then the longest greedy route,
/// then `$default`.
fn resolve<'a>(routes: &'a BTreeMap<String, String>, path: &str) -> &'a str {
    let greedy = |route: &str| {
        let prefix = route.strip_suffix("{proxy+}")?;
        (path.len() > prefix.len() && path.starts_with(prefix)).then_some(prefix.len())
    };
    let longest = routes
        .iter()
        .filter_map(|(route, group)| Some((greedy(route)?, group)))
        .max_by_key(|(length, _)| *length)
        .map(|(_, group)| group);
    routes.get(path).or(longest).unwrap_or(&routes["$default"])
}

/// GW-01: what a group documents is what the gateway brings to it.
#[test]
fn gw_01_every_path_goes_to_the_group_that_documents_it() {
    let routes = gateway_routes();
    assert!(
        routes.len() > DOMAINS.len(),
        "the template's routes were not found"
    );
    let openapi = document("openapi.json");
    for (path, method, operation) in operations(&openapi) {
        let group = operation["tags"][0].as_str().unwrap();
        assert_eq!(resolve(&routes, path), group, "{method} {path}");
        assert_eq!(
            owner(path).map(|domain| domain.name),
            Some(group),
            "{method} {path}"
        );
    }
}

/// GW-02: a prefix that the platform lists goes to its group, with and
/// without something behind it.
#[test]
fn gw_02_every_prefix_goes_to_its_group() {
    let routes = gateway_routes();
    for domain in DOMAINS {
        for prefix in domain.prefixes {
            // Nothing stands behind a file.
            let path = if prefix.contains("/events.") {
                (*prefix).to_owned()
            } else {
                format!("{prefix}/x")
            };
            assert_eq!(resolve(&routes, &path), domain.name, "{prefix}");
        }
    }
}

/// GW-06, GW-10: every function that answers HTTP has the operator's limits and
/// networks; without the second, administrators would work from everywhere there.
#[test]
fn gw_10_every_http_function_is_told_the_networks_of_administrators() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let count = |text: &str| template.matches(text).count();
    assert_eq!(count("RATE_LIMITS: !Ref RateLimits\n"), DOMAINS.len());
    assert_eq!(count("ADMIN_NETWORKS: !Ref AdminNetworks\n"), DOMAINS.len());
}

/// AU-25: whatever a group adds falls under a scope, or is about credentials,
/// about who belongs to an organisation, or about leaving and agreeing.
#[test]
fn au_25_every_operation_with_a_token_names_its_scope() {
    let openapi = document("openapi.json");
    let mut closed = BTreeSet::new();
    for (path, _, operation) in operations(&openapi) {
        let needs = operation["security"].as_array().into_iter().flatten();
        for scopes in needs.filter_map(|one| one["bearer"].as_array()) {
            match &scopes[..] {
                [] => drop(closed.insert(path)),
                [scope] => assert!(shared::scope::exists(scope.as_str().unwrap()), "{path}"),
                _ => panic!("{path}: {scopes:?}"),
            }
        }
    }
    let credentials = |path: &str| {
        ["/v1/auth/", "/v1/api-keys", "/v1/events/feeds"]
            .iter()
            .any(|prefix| path.starts_with(prefix))
            || path == "/v1/organizations/{organizationId}"
            || path == "/v1/users/me"
            || ["/v1/users/me/export", "/v1/users/me/consents/"]
                .iter()
                .any(|own| path.starts_with(own))
            || ["/service-accounts", "/members", "/invitations"]
                .iter()
                .any(|part| path.contains(part))
            || path.ends_with("/accept")
            || path.ends_with("/take-over")
    };
    let odd: Vec<&&str> = closed.iter().filter(|path| !credentials(path)).collect();
    assert!(
        odd.is_empty(),
        "no API key can use {odd:?}: name an area in shared::scope"
    );
}

/// B1-11: the type of every problem that a description names is listed.
#[test]
fn b1_11_every_problem_type_is_listed_once() {
    let problems = document("problems.json");
    let slugs: BTreeSet<&str> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["slug"].as_str().unwrap())
        .collect();
    assert_eq!(slugs.len(), problems.as_array().unwrap().len());
    for kind in GROUPS.iter().flat_map(|group| group.problems) {
        assert!(slugs.contains(kind.slug));
        assert!((400..600).contains(&kind.status), "{}", kind.slug);
        assert!(!kind.description.is_empty(), "{}", kind.slug);
    }
}

/// XC-11: the catalogue shows every contract with its version and a sample.
#[test]
fn xc_11_the_catalogue_has_every_contract() {
    let events = document("events.json");
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), shared::event::CATALOGUE.len());
    for event in events {
        assert_eq!(event["sample"]["type"], event["type"]);
        assert_eq!(event["sample"]["dataschema"], event["dataschema"]);
        assert!(event["schema"]["properties"].is_object());
    }
}
