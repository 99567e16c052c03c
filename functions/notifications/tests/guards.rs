//! Who may call what, for every route that the description lists.

use serde_json::json;
use shared::id::NotificationId;

use crate::stage::Stage;

fn operations() -> Vec<(http::Method, String)> {
    let openapi = plenary_notifications::openapi();
    let document = serde_json::to_value(&openapi).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let mut all = Vec::new();
    for (path, item) in paths {
        for method in item.as_object().unwrap().keys() {
            all.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    all
}

/// GW-23: every route but the unsubscribe link asks for a token, and takes
/// neither a broken one nor one whose session was ended.
#[tokio::test]
async fn gw_23_every_route_asks_for_a_token() {
    let stage = Stage::new().await;
    let ended = stage.person("Ada").await;
    stage.world.revoke(&ended).await;
    let id = NotificationId::new().to_string();
    let mut guarded = 0;
    for (method, path) in operations() {
        if path.contains("/unsubscribe/") {
            continue;
        }
        guarded += 1;
        let path = path.replace("{id}", &id);
        let request = || stage.api.request(method.clone(), &path).json(json!({}));
        let reply = request()
            .send()
            .await
            .expect(401)
            .problem("unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"plenary\"");
        let reply = request().token("not.a.token").send().await.expect(401);
        assert!(
            reply.header("www-authenticate").contains("invalid_token"),
            "{method} {path}"
        );
        request().bearer(&ended).send().await.expect(401);
    }
    assert_eq!(guarded, 10);
}

#[test]
fn gw_18_the_description_names_every_operation_once() {
    let openapi = plenary_notifications::openapi();
    let document = serde_json::to_value(&openapi).unwrap();
    let mut ids: Vec<&str> = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        ids.extend(
            item.as_object()
                .unwrap()
                .values()
                .map(|op| op["operationId"].as_str().unwrap()),
        );
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), count), (12, 12));
}
