//! The queue of what can never be published.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};

use super::RelayError;
use super::message::Poison;

/// SQS takes 1 MiB; items have at most 400 KB, but JSON may escape much.
const MAX_BYTES: usize = 1024 * 1024 - 4096;

/// `relay-dlq`.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    url: String,
}

impl DeadLetters {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self {
            client,
            url: url.into(),
        }
    }

    /// Puts an item there whole, with the reason.
    ///
    /// # Errors
    /// [`RelayError::DeadLetter`] when the queue does not take it: then it must
    /// not be passed over.
    pub async fn put(&self, poison: &Poison) -> Result<(), RelayError> {
        let whole = body(poison, &poison.origin.item);
        if whole.len() <= MAX_BYTES && self.send(&poison.reason, &whole).await.is_ok() {
            return Ok(());
        }
        // The item itself stays in its table for seven days.
        let key = json!({
            "pk": poison.origin.item.get("pk"),
            "sk": poison.origin.item.get("sk"),
            "omitted": "the whole item is in its table until its ttl",
        });
        self.send(&poison.reason, &body(poison, &key)).await
    }

    async fn send(&self, reason: &str, body: &str) -> Result<(), RelayError> {
        let reason: String = reason
            .chars()
            .filter(|c| !c.is_control())
            .take(256)
            .collect();
        let attribute = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(reason)
            .build()
            .map_err(|err| RelayError::DeadLetter(err.to_string()))?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_attributes("reason", attribute)
            .message_body(body)
            .send()
            .await
            .map_err(|err| RelayError::DeadLetter(DisplayErrorContext(&err).to_string()))?;
        Ok(())
    }
}

fn body(poison: &Poison, item: &Value) -> String {
    // SQS refuses these two characters; as escapes they mean the same.
    let text = json!({
        "reason": poison.reason,
        "table": poison.origin.table,
        "item": item,
    })
    .to_string();
    text.replace('\u{FFFE}', "\\ufffe")
        .replace('\u{FFFF}', "\\uffff")
}
