//! The queue that names what the event sources gave up: Lambda's records for
//! an on-failure destination, which hold no items but the span in which these
//! arrived, and what a sweep left over.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::RelayError;
use super::message::table_of;
use super::replay::Replay;

/// Arrival in the stream follows the event's own time by the length of a
/// commit, retries included, and two clocks may differ.
const BEFORE: SignedDuration = SignedDuration::from_mins(2);
const AFTER: SignedDuration = SignedDuration::from_mins(1);

/// `relay-failures`.
#[derive(Debug, Clone)]
pub struct Failures {
    client: Client,
    url: String,
}

/// A message of the queue.
#[derive(Debug)]
pub struct Failure {
    /// The text, for the dead letters.
    pub body: String,
    /// What must be published again; `None` when the text says nothing.
    pub replay: Option<Replay>,
    /// What SQS wants to hear when it is done.
    pub receipt: String,
}

impl Failures {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self {
            client,
            url: url.into(),
        }
    }

    /// Up to ten messages, none when the queue is empty.
    ///
    /// # Errors
    /// [`RelayError::Failures`]
    pub async fn receive(&self) -> Result<Vec<Failure>, RelayError> {
        let output = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(1)
            .send()
            .await
            .map_err(|err| RelayError::Failures(DisplayErrorContext(&err).to_string()))?;
        let messages = output.messages.unwrap_or_default();
        Ok(messages
            .into_iter()
            .filter_map(|message| {
                let body = message.body?;
                Some(Failure {
                    replay: read(&body),
                    body,
                    receipt: message.receipt_handle?,
                })
            })
            .collect())
    }

    /// Takes a message out of the queue.
    ///
    /// # Errors
    /// [`RelayError::Failures`]
    pub async fn done(&self, receipt: &str) -> Result<(), RelayError> {
        self.client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .send()
            .await
            .map_err(|err| RelayError::Failures(DisplayErrorContext(&err).to_string()))?;
        Ok(())
    }

    /// Keeps what is left of a span for the next sweep.
    ///
    /// # Errors
    /// [`RelayError::Failures`]
    pub async fn keep(&self, rest: &Value) -> Result<(), RelayError> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(rest.to_string())
            .send()
            .await
            .map_err(|err| RelayError::Failures(DisplayErrorContext(&err).to_string()))?;
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Lambda {
        #[serde(rename = "DDBStreamBatchInfo")]
        batch: Batch,
    },
    Rest {
        replay: Replay,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    approximate_arrival_of_first_record: Timestamp,
    approximate_arrival_of_last_record: Timestamp,
    stream_arn: String,
}

fn read(body: &str) -> Option<Replay> {
    match serde_json::from_str(body).ok()? {
        Body::Rest { replay } => Some(replay),
        Body::Lambda { batch } => Some(Replay {
            from: batch
                .approximate_arrival_of_first_record
                .saturating_sub(BEFORE)
                .ok()?,
            to: batch
                .approximate_arrival_of_last_record
                .saturating_add(AFTER)
                .ok()?,
            tables: Some(vec![table_of(&batch.stream_arn)?.to_owned()]),
            types: None,
            after: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the Lambda developer guide shows it.
    const RECORD: &str = r#"{
        "requestContext": {"requestId": "316aa6d0", "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1},
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "version": "1.0", "timestamp": "2019-11-14T00:13:49.717Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": "800000000003126276362", "endSequenceNumber": "800000000003126276362",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:13:19Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:13:20Z",
            "batchSize": 1,
            "streamArn": "arn:aws:dynamodb:us-east-2:123456789012:table/mytable/stream/2019-11-14T00:04:06.280"
        }}"#;

    #[test]
    fn xc_12_a_failure_record_names_a_span_of_a_table() {
        let replay = read(RECORD).unwrap();
        assert_eq!(replay.tables, Some(vec!["mytable".to_owned()]));
        assert_eq!(replay.from.to_string(), "2019-11-14T00:11:19Z");
        assert_eq!(replay.to.to_string(), "2019-11-14T00:14:20Z");
        assert!(read("{}").is_none() && read("text").is_none());
    }
}
