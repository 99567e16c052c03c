//! The audit log on the stack: from a request over the relay and the worker to a
//! chain that holds, with every role enforced.

use plenary_audit::Verifier;
use serde_json::json;

use crate::stack::{Stack, eventually, text};

/// OR-07, SC-07: what was done in an organisation is in its log, and the export
/// of the log holds.
#[tokio::test]
async fn or_07_what_was_done_in_an_organisation_is_in_its_log() {
    let stack = Stack::up();
    let (owner, member) = (stack.person("olga").await, stack.person("mina").await);
    let slug = format!("log-{}", &owner.id[20..]);
    let org = json!({"name": "Logged", "slug": slug});
    let org = owner.post("/v1/organizations", &org).await.expect(201).body;
    let id = text(&org, "id");
    owner.takes_in(&member, id, "organizer").await;
    let path = format!("/v1/audit-log?organizationId={id}&actor={}", owner.id);
    let (owner, path) = (&owner, path.as_str());
    let entries = eventually("three entries of the log", || async move {
        let answer = owner.get(path).await;
        let items = answer.body["items"].as_array()?.clone();
        (items.len() == 3).then_some(items)
    })
    .await;
    let asked = entries
        .iter()
        .find(|entry| entry["details"]["userId"] == member.id.as_str())
        .expect("the invitation");
    assert_eq!(asked["action"], "organization.invitation.created");
    assert_eq!(asked["details"]["role"], "organizer");
    // And two of who accepted.
    let all = format!("/v1/audit-log?organizationId={id}");
    let all = all.as_str();
    eventually("five entries of the log", || async move {
        let answer = owner.get(all).await;
        (answer.body["items"].as_array()?.len() == 5).then_some(())
    })
    .await;
    let export = format!("/v1/audit-log/export?organizationId={id}");
    let export = owner.get(&export).await.expect(200);
    let mut verifier = Verifier::new();
    for line in String::from_utf8(export.bytes).unwrap().lines() {
        verifier.line(line).unwrap();
    }
    let head = verifier.finish().unwrap().head;
    assert_eq!((head.chain.as_str(), head.sequence), (id, 5));
    // Whoever only works there does not read it, nor anybody the platform's.
    member.get(path).await.expect(403).problem("forbidden");
    owner
        .get("/v1/audit-log")
        .await
        .expect(403)
        .problem("forbidden");
}
