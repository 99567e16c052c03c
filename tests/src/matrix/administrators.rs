//! GW-10: every route of every group, tried by an owner of the platform who is
//! elsewhere than administrators of this deployment work.

use std::collections::BTreeSet;

use http::Method;
use shared::testing::TestReply;

use super::stage::{HOME, Stage};
use super::{Operation, operations, request};

/// What an administrator from elsewhere is told.
pub const ELSEWHERE: &str = "administrator-address-not-allowed";

fn told(reply: &TestReply) -> bool {
    reply.body["type"] == format!("/v1/problems/{ELSEWHERE}")
}

fn refused(reply: &TestReply) -> bool {
    matches!(reply.status.as_u16(), 401 | 403 | 404)
}

/// Whether it says that it is for administrators of the platform.
fn administrative(operation: &Operation) -> bool {
    operation.forbids.contains(ELSEWHERE)
}

#[tokio::test]
async fn gw_10_no_route_of_any_group_gives_an_administrator_from_elsewhere_more_than_anybody() {
    let stage = Stage::new().await;
    let (anybody, away, home) = (
        stage.anybody(),
        stage.platform_owner().await,
        stage.platform_owner().await,
    );
    let mut operations = operations(&stage);
    // What destroys comes last.
    operations.sort_by_key(|operation| operation.method == Method::DELETE);
    let (mut broken, mut here, mut there) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for operation in operations.iter().filter(|operation| operation.guarded) {
        let what = format!("{} {}", operation.method, operation.path);
        // A session each time: some routes end it.
        let send = |user, ip| {
            let token = stage.session(user);
            request(&stage, operation, Some(&token)).from_ip(ip).send()
        };
        let ordinary = send(&anybody, "198.51.100.7").await;
        let elsewhere = send(&away, "198.51.100.8").await;
        let at_home = send(&home, HOME).await;
        if refused(&ordinary) && !refused(&elsewhere) {
            broken.push(format!("{what}: {}", elsewhere.text));
        }
        if told(&elsewhere) {
            there.insert(operation.id.as_str());
            assert_eq!(elsewhere.status.as_u16(), 403, "{what}");
            assert!(refused(&ordinary), "{what} is for everybody");
        }
        assert!(!told(&ordinary) && !told(&at_home), "{what}");
        if refused(&ordinary) && !refused(&at_home) {
            here.insert(operation.id.as_str());
        }
        if administrative(operation) {
            assert!(told(&elsewhere), "{what}: {}", elsewhere.text);
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    // Administrators do reach further, so that the above says something.
    assert!(here.len() > 20, "only {here:?}");
    assert!(there.len() > 20, "only {there:?}");
    // What only administrators reach at all says so.
    let described = operations
        .iter()
        .filter(|operation| administrative(operation));
    let described: BTreeSet<&str> = described.map(|operation| operation.id.as_str()).collect();
    for id in [
        "listUsers",
        "getUser",
        "changeUser",
        "resetSecondFactors",
        "listAuditLog",
    ] {
        assert!(described.contains(id), "{id} is not among {described:?}");
    }
}
