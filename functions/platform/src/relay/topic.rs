//! Publication to the topic, in batches.

use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::{BuildError, DisplayErrorContext, SdkError};
use aws_sdk_sns::operation::publish_batch::{PublishBatchError, PublishBatchOutput};
use aws_sdk_sns::types::{BatchResultErrorEntry, MessageAttributeValue, PublishBatchRequestEntry};

use super::RelayError;
use super::message::{MAX_BYTES, Message, Poison};

/// SNS takes ten messages a call.
const MAX_ENTRIES: usize = 10;
/// Waits before the entries that failed are sent again.
const BACKOFF: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
];

/// The topic that all events go to.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

/// What became of the messages of one batch.
#[derive(Debug, Default)]
struct Round {
    rejected: Vec<Poison>,
    again: Vec<Message>,
    last_error: String,
}

impl Topic {
    /// The topic `arn`.
    pub fn new(client: Client, arn: impl Into<String>) -> Self {
        Self {
            client,
            arn: arn.into(),
        }
    }

    /// Publishes one batch as [`batches`] cut it and returns what the service
    /// will never take.
    ///
    /// # Errors
    /// [`RelayError::Publish`] when something could not be published now; an
    /// unknown part of the batch is published then.
    pub async fn publish(&self, batch: Vec<Message>) -> Result<Vec<Poison>, RelayError> {
        let mut rejected = Vec::new();
        let mut pending = batch;
        let mut waits = BACKOFF.iter();
        loop {
            let round = self.send(pending).await?;
            rejected.extend(round.rejected);
            if round.again.is_empty() {
                return Ok(rejected);
            }
            let Some(wait) = waits.next() else {
                return Err(RelayError::Publish(round.last_error));
            };
            tokio::time::sleep(*wait).await;
            pending = round.again;
        }
    }

    async fn send(&self, batch: Vec<Message>) -> Result<Round, RelayError> {
        match self.call(&batch).await {
            Ok(output) => Ok(sort(batch, output.failed())),
            Err(err) if err.as_service_error().is_some_and(refuses_content) => {
                self.send_singly(batch).await
            }
            Err(err) => Err(RelayError::Publish(DisplayErrorContext(&err).to_string())),
        }
    }

    /// A refusal of the whole call does not say which message it is about.
    async fn send_singly(&self, batch: Vec<Message>) -> Result<Round, RelayError> {
        let mut round = Round::default();
        for message in batch {
            let single = std::slice::from_ref(&message);
            match self.call(single).await {
                Ok(output) => {
                    let one = sort(vec![message], output.failed());
                    round.rejected.extend(one.rejected);
                    round.again.extend(one.again);
                    round.last_error = one.last_error;
                }
                Err(err) => match err.as_service_error().filter(|e| refuses_content(e)) {
                    Some(refusal) => round.rejected.push(refused(
                        message,
                        refusal.meta().code(),
                        refusal.meta().message(),
                    )),
                    None => return Err(RelayError::Publish(DisplayErrorContext(&err).to_string())),
                },
            }
        }
        Ok(round)
    }

    async fn call(
        &self,
        batch: &[Message],
    ) -> Result<PublishBatchOutput, SdkError<PublishBatchError>> {
        let mut call = self.client.publish_batch().topic_arn(&self.arn);
        for (index, message) in batch.iter().enumerate() {
            let mut entry = PublishBatchRequestEntry::builder()
                .id(index.to_string())
                .message(&message.body);
            for (name, value) in &message.attributes {
                entry = entry.message_attributes(
                    *name,
                    text_attribute(value).map_err(SdkError::construction_failure)?,
                );
            }
            call = call.publish_batch_request_entries(
                entry.build().map_err(SdkError::construction_failure)?,
            );
        }
        call.send().await
    }
}

fn text_attribute(value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
}

/// Cuts messages into batches that one call takes, in order.
pub fn batches(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut batches: Vec<Vec<Message>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        let size = message.bytes();
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES => {
                bytes += size;
                batch.push(message);
            }
            _ => {
                bytes = size;
                batches.push(vec![message]);
            }
        }
    }
    batches
}

/// Parts the entries that failed into the hopeless and the others; an entry
/// that is not among the failed ones was published.
fn sort(batch: Vec<Message>, failed: &[BatchResultErrorEntry]) -> Round {
    let mut round = Round::default();
    for (index, message) in batch.into_iter().enumerate() {
        let id = index.to_string();
        let Some(entry) = failed.iter().find(|entry| entry.id() == id) else {
            continue;
        };
        if entry.sender_fault() && !is_access_fault(entry.code()) {
            round
                .rejected
                .push(refused(message, Some(entry.code()), entry.message()));
        } else {
            round.last_error = format!("{}: {}", entry.code(), entry.message().unwrap_or_default());
            round.again.push(message);
        }
    }
    round
}

fn refused(message: Message, code: Option<&str>, text: Option<&str>) -> Poison {
    let reason = format!(
        "SNS refuses it: {}: {}",
        code.unwrap_or("unknown"),
        text.unwrap_or_default()
    );
    Poison::new(reason, message.origin)
}

/// Also the sender's fault, but the deployment's rather than the message's:
/// these must hold the stream up and not empty it into the dead letters.
fn is_access_fault(code: &str) -> bool {
    [
        "Auth",
        "AccessDenied",
        "NotFound",
        "KMS",
        "Throttl",
        "InvalidSecurity",
        "OptedOut",
    ]
    .iter()
    .any(|fault| code.starts_with(fault) || code.contains("AccessDenied"))
}

fn refuses_content(err: &PublishBatchError) -> bool {
    matches!(
        err.meta().code(),
        Some(
            "InvalidParameter"
                | "InvalidParameterException"
                | "InvalidParameterValue"
                | "ParameterValueInvalid"
                | "BatchRequestTooLong"
                | "ValidationError"
                | "ValidationException"
        )
    )
}
