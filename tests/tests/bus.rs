//! The bus: poison, dead letters, redelivery.

use serde_json::json;

use crate::stack::{Stack, eventually, text};

/// XC-01, OP-14: a poison message ends in the dead-letter queue and harms nobody.
#[tokio::test]
async fn xc_01_a_poison_message_ends_among_the_dead_letters() {
    let stack = Stack::up();
    let aws = stack.aws();
    let sqs = aws_sdk_sqs::Client::from_conf(shared::client_config!(aws_sdk_sqs, &aws).build());
    let queue = |name: &str| stack.outputs["queues"][name].as_str().unwrap().to_owned();
    let poison = format!("poison {}", uuid::Uuid::new_v4());
    sqs.send_message()
        .queue_url(queue("notifications-worker"))
        .message_body(&poison)
        .send()
        .await
        .unwrap();
    // Others are served meanwhile.
    let person = stack.person("paul").await;
    let event = person.publishes(json!({})).await;
    let guest = stack.person("gast").await;
    guest
        .post(
            &format!("/v1/events/{}/registrations", text(&event, "id")),
            &json!({}),
        )
        .await
        .expect(201);
    guest.told("registration.confirmed").await;
    let dead = queue("notifications-worker-dlq");
    let (sqs, dead, poison) = (&sqs, dead.as_str(), poison.as_str());
    let receipt = eventually("the dead letter", || async move {
        let found = sqs
            .receive_message()
            .queue_url(dead)
            .max_number_of_messages(10)
            .send()
            .await
            .unwrap();
        let found = found.messages.unwrap_or_default();
        found
            .into_iter()
            .find(|message| message.body.as_deref() == Some(poison))?
            .receipt_handle
    })
    .await;
    sqs.delete_message()
        .queue_url(dead)
        .receipt_handle(receipt)
        .send()
        .await
        .unwrap();
}
