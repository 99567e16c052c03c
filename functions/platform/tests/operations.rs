//! XC-03, SC-11, B1-12: the ledger of operations, from the queue to the file.

mod crash;
mod stage;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::event::Event;
use shared::id::OperationId;
use shared::personal::{GROUPS, part_key};
use shared::testing::TestReply;

use stage::{
    Files, Stage, deleted, deletion_cancelled, deletion_requested, export_requested, step,
    whole_deletion,
};

/// XC-03: a deletion is scheduled, runs, and is completed by what all groups say.
#[tokio::test]
async fn xc_03_a_deletion_is_followed_from_request_to_proof() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    let id = OperationId::new();
    stage.tell(&[deletion_requested(user.id, id)]).await;
    let seen = stage.read(id).await.expect(200);
    assert_eq!(seen.body["kind"], "account-deletion");
    assert_eq!(seen.body["status"], "scheduled");
    assert_eq!(seen.body["eraseAt"], "2026-09-15T10:00:00Z");
    assert_eq!(stage.listed(&user).await, [id.to_string()]);
    stage.tell(&[deleted(user.id, id)]).await;
    let seen = stage.read(id).await.expect(200);
    assert_eq!(seen.body["status"], "running");
    assert_eq!(seen.header("retry-after"), "5");
    // What the group itself did comes back to it as everything else does.
    stage.tell_own().await;
    for (at, group) in GROUPS.into_iter().enumerate() {
        assert_eq!(stage.read(id).await.body["status"], "running");
        stage.tell(&[step(id, group, at as u64)]).await;
    }
    let seen = stage.read(id).await.expect(200);
    assert_eq!(seen.body["status"], "completed");
    assert_eq!(seen.header("retry-after"), "");
    let steps = seen.body["steps"].as_array().unwrap();
    assert_eq!(steps.len(), GROUPS.len() + 1);
    assert!(steps.iter().all(|step| step["status"] == "completed"));
    assert_eq!(steps[1]["counts"], json!({"items": 1}));
    assert!(seen.body["completedAt"].is_string());
}

/// B1-12: the proof is for everybody who knows its id, names nobody, and stays.
#[tokio::test]
async fn b1_12_the_proof_of_a_deletion_holds_nothing_personal_and_stays() {
    let stage = Stage::new().await;
    let (user, other) = (stage.setup.world.user(), stage.setup.world.user());
    let id = OperationId::new();
    let events = whole_deletion(user.id, id);
    stage.tell(&events).await;
    stage.tell_own().await;
    for _ in 0..2 {
        let seen = stage.read(id).await.expect(200);
        assert_eq!(seen.body["status"], "completed");
        assert!(!seen.text.contains(&user.id.to_string()), "{}", seen.text);
        let read = stage.read_as(id, &stage.again(&other)).await.expect(200);
        assert_eq!(read.body, seen.body);
        // Late and again: nobody is named again.
        stage.tell(&events).await;
        stage
            .setup
            .world
            .clock
            .advance(SignedDuration::from_hours(40 * 24));
    }
    assert!(stage.listed(&user).await.is_empty());
    let named = stage.items_that_name(user.id).await;
    assert!(named.is_empty(), "{named:?}");
}

/// XC-03: a person who changed their mind sees that too.
#[tokio::test]
async fn xc_03_a_cancelled_deletion_says_so_whichever_event_came_first() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    for backwards in [false, true] {
        let id = OperationId::new();
        let mut events = vec![
            deletion_requested(user.id, id),
            deletion_cancelled(user.id, id),
        ];
        if backwards {
            events.reverse();
        }
        for event in events {
            stage.tell(&[event]).await;
        }
        let seen = stage.read(id).await.expect(200).body;
        assert_eq!(seen["status"], "cancelled");
        assert!(seen["cancelledAt"].is_string());
    }
    // Those are forgotten one day.
    stage
        .setup
        .world
        .clock
        .advance(SignedDuration::from_hours(120 * 24));
    assert!(stage.listed(&user).await.is_empty());
}

/// XC-03: through the queue, in every order that a shuffle finds, some of it twice.
#[tokio::test]
async fn xc_03_the_order_of_events_changes_nothing_in_the_table() {
    let stage = Stage::new().await;
    let mut seen: Option<Value> = None;
    for turn in 0..8 {
        let (user, id) = (stage.setup.world.user(), OperationId::new());
        let mut events = whole_deletion(user.id, id);
        events.push(step(id, "platform", 0));
        let count = events.len();
        let order = (0..count * 2).map(|at| at * (2 * turn + 3) % count);
        let order: Vec<Event> = order
            .map(|at| events[at].clone())
            .chain(events.clone())
            .collect();
        for event in order {
            stage.tell(&[event]).await;
        }
        let mut body = stage.read(id).await.expect(200).body;
        assert_eq!(body["id"], id.to_string());
        body["id"] = Value::Null;
        assert_eq!(
            *seen.get_or_insert_with(|| body.clone()),
            body,
            "turn {turn}"
        );
    }
}

/// SC-11: one file of all parts, a link to it, and one event that says so.
#[tokio::test]
async fn sc_11_an_export_becomes_one_file_with_a_link() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    let id = OperationId::new();
    stage.tell(&[export_requested(user.id, id)]).await;
    let running = stage.read_as(id, &user).await.expect(200);
    assert_eq!(
        (&running.body["status"], &running.body["download"]),
        (&json!("running"), &Value::Null)
    );
    assert_eq!(running.header("retry-after"), "5");
    stage.answer(id).await;
    assert_eq!(stage.setup.exports.names(), [format!("exports/{id}.zip")]);
    let files = Files::of(
        &stage
            .setup
            .exports
            .bytes(&format!("exports/{id}.zip"))
            .unwrap(),
    );
    for group in GROUPS {
        assert_eq!(files.json(&format!("{group}.json")), json!({"from": group}));
    }
    let read_me = files.text("README.txt");
    assert!(
        read_me.contains("2026-09-01T10:00:00Z") && read_me.contains("items: 3"),
        "{read_me}"
    );
    assert_eq!(files.len(), GROUPS.len() + 1);
    let done = stage.read_as(id, &user).await.expect(200);
    assert_eq!(done.body["status"], "completed");
    assert_eq!(done.body["download"]["expiresAt"], "2026-09-08T10:00:00Z");
    let link = format!("https://api.plenary.test/v1/users/me/export/{id}/link");
    assert_eq!(done.body["download"]["link"], link, "no key to the file");
    let told = stage.told("user.export.completed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].data,
        json!({"userId": user.id, "operationId": id, "expiresAt": "2026-09-08T10:00:00Z"})
    );
    // A week later the file is gone, and so is the link.
    stage
        .setup
        .world
        .clock
        .advance(SignedDuration::from_hours(7 * 24));
    let late = stage.read_as(id, &stage.again(&user)).await.expect(200);
    assert_eq!(
        (&late.body["status"], &late.body["download"]),
        (&json!("completed"), &Value::Null)
    );
    assert_ne!(late.header("etag"), "");
}

/// SC-11: whoever answers first, and the request last: the file is made.
#[tokio::test]
async fn sc_11_steps_before_the_request_wait_for_it() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    let id = OperationId::new();
    stage.answer(id).await;
    stage.read_as(id, &user).await.expect(404);
    stage.tell(&[export_requested(user.id, id)]).await;
    assert_eq!(
        stage.read_as(id, &user).await.expect(200).body["status"],
        "completed"
    );
    assert_eq!(stage.told("user.export.completed").await.len(), 1);
}

/// SC-11: an export is its owner's: not another's, not an administrator's, not
/// nobody's, and no key's.
#[tokio::test]
async fn sc_11_an_export_is_shown_to_its_owner_alone() {
    let stage = Stage::new().await;
    let world = &stage.setup.world;
    let (user, other) = (world.user(), world.user());
    let owner = world.platform(shared::principal::PlatformRole::Owner).await;
    let id = OperationId::new();
    stage.tell(&[export_requested(user.id, id)]).await;
    stage.answer(id).await;
    for reply in [
        stage.read(id).await,
        stage.read_as(id, &other).await,
        stage.read_as(id, &owner).await,
    ] {
        reply.expect(404).problem("not-found");
    }
    assert!(stage.listed(&other).await.is_empty());
    stage.read_as(id, &user).await.expect(200);
    let unknown: TestReply = stage.read(OperationId::new()).await;
    unknown.expect(404).problem("not-found");
    let malformed = stage.setup.api.get("/v1/operations/op_x").send().await;
    malformed.expect(404).problem("not-found");
    stage
        .setup
        .api
        .get("/v1/operations")
        .send()
        .await
        .expect(401);
}

/// XC-03: a person's operations page by page, the newest first.
#[tokio::test]
async fn xc_03_operations_are_listed_page_by_page() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = OperationId::new();
        stage.tell(&[export_requested(user.id, id)]).await;
        ids.insert(0, id.to_string());
    }
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/operations?limit=2{cursor}");
        let page = stage
            .setup
            .api
            .get(&path)
            .bearer(&user)
            .send()
            .await
            .expect(200);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        listed.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.body["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(listed, ids);
}

/// SC-11, XC-03: with the account its exports go, whatever comes late.
#[tokio::test]
async fn sc_11_who_is_deleted_leaves_no_export() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    let (done, running, late, cancelled, deletion) = (
        OperationId::new(),
        OperationId::new(),
        OperationId::new(),
        OperationId::new(),
        OperationId::new(),
    );
    stage.tell(&[export_requested(user.id, done)]).await;
    stage.answer(done).await;
    stage
        .tell(&[
            export_requested(user.id, running),
            deletion_requested(user.id, cancelled),
            deletion_cancelled(user.id, cancelled),
            deletion_requested(user.id, deletion),
        ])
        .await;
    stage.setup.exports.put(&part_key(running, "auth"), b"{}");
    stage.tell(&[deleted(user.id, deletion)]).await;
    assert!(
        stage.setup.exports.names().is_empty(),
        "{:?}",
        stage.setup.exports.names()
    );
    // The other groups were slow, and one request overtaken.
    stage.answer(running).await;
    stage.tell(&[export_requested(user.id, late)]).await;
    stage.answer(late).await;
    assert!(
        stage.setup.exports.names().is_empty(),
        "{:?}",
        stage.setup.exports.names()
    );
    for id in [done, running, late, cancelled] {
        stage.read_as(id, &user).await.expect(404);
    }
    let named = stage.items_that_name(user.id).await;
    assert_eq!(
        named,
        [format!("ERASED#{}", user.id)],
        "a tombstone for a while"
    );
    let told = stage.told("saga.step.completed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].data["group"], "platform");
    assert_eq!(told[0].data["counts"], json!({"operations": 3}));
}

/// SC-11: a part that is not there yet keeps the message, and nothing is said.
#[tokio::test]
async fn sc_11_a_missing_or_oversized_part_makes_no_file() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    let id = OperationId::new();
    stage.tell(&[export_requested(user.id, id)]).await;
    let steps: Vec<Event> = GROUPS.into_iter().map(|group| step(id, group, 0)).collect();
    assert_eq!(
        stage.deliver(&steps).await,
        1,
        "the last one asks for the file"
    );
    assert_eq!(stage.read_as(id, &user).await.body["status"], "running");
    stage.put_parts(id);
    let large = usize::try_from(shared::personal::PART_LIMIT).unwrap() + 1;
    stage
        .setup
        .exports
        .put(&part_key(id, "media"), &vec![b' '; large]);
    assert_eq!(stage.deliver(&steps[..1]).await, 1);
    assert!(stage.told("user.export.completed").await.is_empty());
    stage.put_parts(id);
    assert_eq!(stage.deliver(&steps[..1]).await, 0);
    assert_eq!(stage.read_as(id, &user).await.body["status"], "completed");
}

/// XC-01, XC-03: the audit log and the ledger fail each on their own, and neither
/// loses or doubles what the other did.
#[tokio::test]
async fn xc_03_the_ledger_and_the_audit_log_fail_apart() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    let (one, two) = (OperationId::new(), OperationId::new());
    let events = [deletion_requested(user.id, one), step(two, "auth", 0)];
    // The audit log is out of reach: the ledger has both, the audited comes again.
    assert_eq!(stage.deliver_without_audit(&events).await, ["0"]);
    stage.read(one).await.expect(200);
    assert_eq!(stage.audited().await, 0);
    assert_eq!(stage.deliver(&events).await, 0);
    assert_eq!(stage.audited().await, 1);
    // The ledger is out of reach: the audit log has what is its own, once.
    let events = [
        export_requested(user.id, two),
        deletion_cancelled(user.id, one),
    ];
    assert_eq!(stage.deliver_without_ledger(&events).await, ["0", "1"]);
    assert_eq!(stage.audited().await, 3);
    assert_eq!(stage.deliver(&events).await, 0);
    assert_eq!(stage.audited().await, 3);
    assert_eq!(stage.read(one).await.body["status"], "cancelled");
    stage.read_as(two, &user).await.expect(200);
}
