//! The audit log on the stack: from a request over the relay and the worker to a
//! chain that holds, with every role enforced.

use plenary_audit::{Verified, Verifier};
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

/// OR-07: what `cargo xtask audit verify` does: the operator reads a live chain
/// without any account, and holds it to the head of the check before.
#[tokio::test]
async fn or_07_an_operator_verifies_live_chains() {
    let stack = Stack::up();
    let owner = stack.person("ines").await;
    let slug = format!("live-{}", &owner.id[20..]);
    let org = json!({"name": "Live", "slug": slug});
    let org = owner.post("/v1/organizations", &org).await.expect(201).body;
    let id = text(&org, "id").to_owned();
    let (stack, id) = (&stack, id.as_str());
    let first = eventually("the beginning of the chain", || async move {
        let lines = stack.chain(id).await;
        (lines.len() > 2).then(|| verified(Verifier::new(), &lines))
    })
    .await;
    assert_eq!(first.head.chain, id);
    let path = format!("/v1/organizations/{id}");
    let change = owner.request(reqwest::Method::PATCH, &path);
    let change = change
        .header("if-match", "*")
        .json(&json!({"name": "Alive"}));
    crate::stack::send(change).await.expect(200);
    let (from, seen) = (first.head.sequence, first.head.hash.clone());
    let lines = eventually("another entry", || async move {
        let lines = stack.chain(id).await;
        let longer = lines.len() as u64 > from + 1;
        longer.then_some(lines)
    })
    .await;
    let grown = verified(Verifier::new().anchored(from, &seen), &lines);
    assert_eq!(grown.head.sequence, from + 1);
    // A chain that others write to meanwhile, and one that was tampered with.
    verified(Verifier::new(), &stack.chain("platform").await);
    let mut changed = lines.clone();
    changed[0] = changed[0].replace(&owner.id, "user_01h2xcejqtf2nbrexx3vqjhp41");
    assert_ne!(changed[0], lines[0]);
    let mut verifier = Verifier::new();
    assert!(changed.iter().any(|line| verifier.line(line).is_err()));
    let mut cut = lines;
    cut.remove(1);
    let mut verifier = Verifier::new();
    assert!(cut.iter().any(|line| verifier.line(line).is_err()));
}

fn verified(mut verifier: Verifier, lines: &[String]) -> Verified {
    for line in lines {
        verifier.line(line).unwrap();
    }
    verifier.finish().unwrap()
}

impl Stack {
    /// A chain as the worker reads it out to operators: the entries and the head.
    async fn chain(&self, chain: &str) -> Vec<String> {
        let function = self.function("platformWorkerFunction");
        let (mut lines, mut next) = (Vec::new(), json!(1));
        while !next.is_null() {
            let part = json!({"audit": {"chain": chain, "from": next}});
            let part = self.invoke(function, &part).await;
            let some = part["lines"].as_array().unwrap().iter();
            lines.extend(some.map(|line| line.as_str().unwrap().to_owned()));
            next = part["next"].clone();
        }
        lines
    }
}
