//! SQS: what functions send to queues themselves, and the depths they ask for.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{State, json_answer, message_id, refuse};
use crate::prices::MESSAGE_UNIT_BYTES;
use crate::usage::units;
use crate::web::Answer;

/// Answers one call.
pub(super) fn call(state: &State, operation: &str, body: &Bytes) -> Answer {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return refuse("SerializationException");
    };
    let queue = request["QueueUrl"].as_str().unwrap_or_default().to_owned();
    let mut kept = state.kept();
    kept.meter.calls.messages += 1;
    kept.meter.sqs_requests += units(body.len(), MESSAGE_UNIT_BYTES);
    let bodies = |messages: &[Value]| -> Vec<(String, String)> {
        messages
            .iter()
            .filter_map(|m| Some((message_id(), m["MessageBody"].as_str()?.to_owned())))
            .collect()
    };
    match operation {
        "SendMessage" => {
            kept.queued
                .entry(queue)
                .or_default()
                .extend(bodies(&[request]));
            json_answer(&json!({"MessageId": message_id()}))
        }
        "SendMessageBatch" => {
            let entries = request["Entries"].as_array().cloned().unwrap_or_default();
            kept.queued
                .entry(queue)
                .or_default()
                .extend(bodies(&entries));
            let sent: Vec<_> = entries
                .iter()
                .map(|entry| json!({"Id": entry["Id"], "MessageId": message_id()}))
                .collect();
            json_answer(&json!({"Successful": sent, "Failed": []}))
        }
        "ReceiveMessage" => {
            let most = request["MaxNumberOfMessages"].as_u64().unwrap_or(1);
            let waiting = kept.queued.get(&queue).into_iter().flatten();
            let messages: Vec<_> = waiting
                .zip(0..most)
                .map(|((id, body), _)| json!({"MessageId": id, "ReceiptHandle": id, "Body": body}))
                .collect();
            json_answer(&json!({"Messages": messages}))
        }
        "DeleteMessage" => {
            let queued = kept.queued.entry(queue).or_default();
            queued.retain(|(id, _)| request["ReceiptHandle"] != id.as_str());
            json_answer(&json!({}))
        }
        "GetQueueAttributes" => {
            let depth = kept.queued.get(&queue).map_or(0, Vec::len).to_string();
            json_answer(&json!({"Attributes": {
                "ApproximateNumberOfMessages": depth,
                "ApproximateNumberOfMessagesNotVisible": "0",
                "ApproximateNumberOfMessagesDelayed": "0",
            }}))
        }
        _ => refuse("UnknownOperationException"),
    }
}
