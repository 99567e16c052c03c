//! The ledger of operations with the roles of its functions: parts, file, link.

use shared::event::Event;
use shared::event::operations::{SagaStepCompleted, UserExportRequested};
use shared::id::OperationId;
use shared::objects::{Bucket, Object, Objects};
use shared::personal::{GROUPS, part_key};
use shared::testing::event;

use crate::stack::{Stack, eventually, send, somewhere, text};

async fn tell(stack: &Stack, worker: &str, event: &Event) {
    let aws = stack.aws();
    let sqs = aws_sdk_sqs::Client::from_conf(shared::client_config!(aws_sdk_sqs, &aws).build());
    let queue = stack.outputs["queues"][worker].as_str().unwrap();
    let body = serde_json::to_string(event).unwrap();
    let message = sqs.send_message().queue_url(queue).message_body(body);
    message.send().await.unwrap();
}

/// SC-11: groups write their parts where they may, the ledger makes the file, and
/// the link of the API leads to it.
#[tokio::test]
async fn sc_11_the_parts_of_an_export_become_a_file_that_its_owner_fetches() {
    let stack = Stack::up();
    let person = stack.person("exporting").await;
    let id = OperationId::new();
    let requested = UserExportRequested {
        user_id: person.id.parse().unwrap(),
        operation_id: id,
    };
    let requested = event(&requested, 1);
    let exports = Bucket::new(
        &stack.aws(),
        stack.outputs["buckets"]["exports"].as_str().unwrap(),
    );
    // These answer by themselves; for the others it is done here.
    let own = ["matchmaking-worker", "media-processor"];
    for worker in own.into_iter().chain(["platform-worker"]) {
        tell(&stack, worker, &requested).await;
    }
    for group in GROUPS {
        if own.iter().any(|worker| worker.starts_with(group)) {
            continue;
        }
        let part = Object {
            content_type: "application/json",
            cache_control: "no-store",
            bytes: b"{}",
        };
        exports.write(&part_key(id, group), part).await.unwrap();
        let step = SagaStepCompleted {
            operation_id: id,
            group: group.to_owned(),
            counts: std::collections::BTreeMap::new(),
        };
        tell(&stack, "platform-worker", &event(&step, 1)).await;
    }
    let path = &format!("/v1/operations/{id}");
    let person = &person;
    let done = eventually("the file", || async move {
        let answer = person.get(path).await;
        (answer.body["status"] == "completed").then_some(answer.body)
    })
    .await;
    assert_eq!(stack.get(path).await.status, 404);
    let file = send(somewhere().get(text(&done["download"], "href"))).await;
    let file = file.expect(200);
    assert!(file.bytes.starts_with(b"PK"), "{} bytes", file.bytes.len());
    let name = format!("attachment; filename=\"plenary-{id}.zip\"");
    assert_eq!(file.header("content-disposition"), name);
    for group in GROUPS {
        let left = exports.read(&part_key(id, group), 1).await.unwrap();
        assert!(left.is_none(), "the part of {group} is still there");
    }
}
