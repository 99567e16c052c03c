//! GW-18, B1-11, XC-11: what the API says about itself.

use http::Method;
use plenary_platform::model::DOMAINS;
use serde_json::Value;

use crate::health::Setup;

/// GW-18: one document of version 3.1 with the address of this deployment.
#[tokio::test]
async fn gw_18_the_description_is_openapi_3_1_of_all_groups() {
    let setup = Setup::start().await;
    let reply = setup.api.get("/v1/openapi.json").send().await.expect(200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.body["openapi"], "3.1.0");
    assert_eq!(reply.body["servers"][0]["url"], "https://api.plenary.test");
    let paths = reply.body["paths"].as_object().unwrap();
    let tags: Vec<&str> = reply.body["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    for domain in DOMAINS {
        assert!(
            tags.contains(&domain.name),
            "{} is not described",
            domain.name
        );
    }
    assert!(paths.contains_key("/v1/openapi.json"));
    assert_eq!(
        reply.body["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
}

/// GW-18: who has it need not load it again.
#[tokio::test]
async fn gw_18_the_description_has_an_etag() {
    let setup = Setup::start().await;
    let first = setup.api.get("/v1/openapi.json").send().await.expect(200);
    let again = setup
        .api
        .get("/v1/openapi.json")
        .header("if-none-match", first.header("etag"));
    assert_eq!(again.send().await.expect(304).text, "");
}

/// GW-18: this group answers what the description says of it, with and
/// without HEAD, and its answers have the documented status and type.
#[tokio::test]
async fn gw_18_documented_operations_answer_as_documented() {
    let setup = Setup::start().await;
    let openapi = setup.api.get("/v1/openapi.json").send().await.body;
    let mut tried = 0;
    for (path, item) in openapi["paths"].as_object().unwrap() {
        let operation = &item["get"];
        // Those that ask for a token have tests of their own.
        let own = ["/v1/audit-log", "/v1/operations"];
        if operation["tags"][0] != "platform" || own.iter().any(|one| path.starts_with(one)) {
            continue;
        }
        let path = path
            .replace("{group}", "events")
            .replace("{slug}", "not-found")
            .replace("{type}", "user.registered")
            .replace("{version}", "1");
        let reply = setup.api.get(&path).send().await.expect(200);
        let documented = operation["responses"]["200"]["content"]
            .as_object()
            .unwrap();
        let given = reply.header("content-type").split(';').next().unwrap();
        assert!(documented.contains_key(given), "{path}: {given}");
        let head = setup
            .api
            .request(Method::HEAD, &path)
            .send()
            .await
            .expect(200);
        assert_eq!(head.text, "", "{path}");
        assert_eq!(head.header("content-type"), reply.header("content-type"));
        tried += 1;
    }
    assert!(tried >= 12, "only {tried} operations were tried");
}

/// GW-18: the page works without anything from elsewhere.
#[tokio::test]
async fn gw_18_the_page_loads_nothing_from_elsewhere() {
    let setup = Setup::start().await;
    let page = setup.api.get("/v1/docs").send().await.expect(200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!policy.contains("unsafe") && !policy.contains("http"));
    let references: Vec<&str> = page
        .text
        .split(['"'])
        .filter(|part| part.starts_with("/v1/") || part.contains("//"))
        .collect();
    assert!(references.len() >= 4);
    for reference in references {
        let reply = setup.api.get(reference).send().await.expect(200);
        assert!(!reply.text.contains("https://cdn") && !reply.text.contains("@import"));
    }
}

/// B1-11: every type of problem is listed, and its URI resolves.
#[tokio::test]
async fn b1_11_every_problem_type_resolves() {
    let setup = Setup::start().await;
    let body = setup.api.get("/v1/problems").send().await.expect(200).body;
    assert_eq!(body["nextCursor"], Value::Null);
    let items = body["items"].as_array().unwrap();
    assert!(items.len() >= shared::problem::COMMON.len());
    for item in items {
        let one = setup
            .api
            .get(item["type"].as_str().unwrap())
            .send()
            .await
            .expect(200);
        assert_eq!(one.body, *item);
    }
    for kind in shared::problem::COMMON {
        assert!(
            items.iter().any(|item| item["slug"] == kind.slug),
            "{}",
            kind.slug
        );
    }
    setup
        .api
        .get("/v1/problems/none")
        .send()
        .await
        .expect(404)
        .problem("not-found");
}

/// XC-11: every contract is listed with version and sample, and the
/// `dataschema` of the sample leads to its schema.
#[tokio::test]
async fn xc_11_the_catalogue_lists_every_event_and_its_schema() {
    let setup = Setup::start().await;
    let body = setup
        .api
        .get("/v1/meta/events")
        .send()
        .await
        .expect(200)
        .body;
    let items = body["items"].as_array().unwrap();
    assert_eq!(items.len(), shared::event::CATALOGUE.len());
    for item in items {
        assert_eq!(item["sample"]["type"], item["type"]);
        let schema = setup
            .api
            .get(item["sample"]["dataschema"].as_str().unwrap())
            .send()
            .await
            .expect(200);
        assert_eq!(schema.header("content-type"), "application/schema+json");
        assert_eq!(schema.body["title"], item["type"]);
        let fields = schema.body["properties"].as_object().unwrap();
        for field in item["sample"]["data"].as_object().unwrap().keys() {
            assert!(fields.contains_key(field), "{}: {field}", item["type"]);
        }
    }
    for path in [
        "/v1/meta/events/user.registered/99",
        "/v1/meta/events/none/1",
        "/v1/meta/events/x/y",
    ] {
        setup
            .api
            .get(path)
            .send()
            .await
            .expect(404)
            .problem("not-found");
    }
}

/// GW-03, GW-22: the deployment names its stage and versions.
#[tokio::test]
async fn gw_03_meta_names_the_versions() {
    let setup = Setup::start().await;
    let body = setup.api.get("/v1/meta").send().await.expect(200).body;
    assert_eq!(body["stage"], "local");
    assert_eq!(body["version"], "1.2.3");
    assert_eq!(body["apiVersion"], "v1");
    assert_eq!(body["time"], "2026-09-01T10:00:00Z");
}

/// GW-01, GW-02: what nobody owns is a problem, and so is another version.
#[tokio::test]
async fn gw_01_what_nobody_owns_is_not_found() {
    let setup = Setup::start().await;
    for path in [
        "/",
        "/v1",
        "/v2/events",
        "/v1/nothing",
        "/api/v1/auth/login",
        "/v1/health/events/more",
    ] {
        let reply = setup
            .api
            .get(path)
            .send()
            .await
            .expect(404)
            .problem("not-found");
        assert_eq!(reply.body["instance"], path);
    }
}

/// GW-01: a method that a path does not have.
#[tokio::test]
async fn gw_01_a_wrong_method_is_told_the_right_ones() {
    let setup = Setup::start().await;
    for path in ["/v1/health", "/v1/problems", "/v1/openapi.json"] {
        let reply = setup
            .api
            .post(path)
            .send()
            .await
            .expect(405)
            .problem("method-not-allowed");
        assert!(reply.header("allow").contains("GET"), "{path}");
    }
}
