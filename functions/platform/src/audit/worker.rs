//! What the platform's worker does with a batch: one append per chain, so that a
//! busy chain costs one commit a batch rather than one an event.
//!
//! Events come twice and in any order. The order of a chain is that of arrival;
//! each entry has the time of its event. An event that is in the log is not
//! written again. A message that is none fails alone; when an append fails, the
//! messages of its chain come again.

use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures::future::join_all;
use plenary_audit::{Draft, Entry, Trailer, canonical};
use serde::{Deserialize, Serialize};
use shared::{cx::Context, event::Event, telemetry, worker::received};

use super::{PAGE, rules, store::AuditStore};

/// How long a batch may take; below the function's time-out.
const PATIENCE: Duration = Duration::from_secs(25);

/// What wakes the function: the queue, or an operator who may invoke it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Payload {
    /// A command.
    Command(Command),
    /// A batch of events.
    Batch(SqsEvent),
}

/// What an operator may ask; IAM decides who is one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Reads a chain.
    Audit {
        /// An organisation's id, or `platform`.
        chain: String,
        /// The first entry wanted, from 1.
        from: u64,
    },
}

/// A part of an export.
#[derive(Debug, Serialize)]
pub struct Part {
    /// The lines, the head behind the last entry.
    pub lines: Vec<String>,
    /// The first entry of the next part, if there is one.
    pub next: Option<u64>,
}

/// What is appended to one chain, and the messages it came in.
struct Share {
    chain: String,
    cx: Context,
    drafts: Vec<Draft>,
    messages: Vec<String>,
}

/// Handles a batch of messages.
pub async fn handle(store: &AuditStore, batch: SqsEvent) -> SqsBatchResponse {
    let began = Instant::now();
    let count = batch.records.len();
    let (shares, mut failed) = shares(batch, began + PATIENCE);
    // Chains do not wait for each other.
    let appends = shares
        .iter()
        .map(|share| store.append(&share.cx, &share.chain, &share.drafts));
    let results = join_all(appends).await;
    for (share, result) in shares.iter().zip(results) {
        if let Err(error) = result {
            tracing::error!(audit.chain = share.chain, %error, "events could not be written down");
            failed.extend(share.messages.iter().cloned());
        }
    }
    telemetry::batch(count, failed.len(), began.elapsed());
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

/// The batch by chain, in the order of arrival, and the messages that are none.
fn shares(batch: SqsEvent, deadline: Instant) -> (Vec<Share>, Vec<String>) {
    let (mut shares, mut failed) = (Vec::<Share>::new(), Vec::new());
    for message in batch.records {
        let id = message.message_id.unwrap_or_default();
        let event: Event = match serde_json::from_str(&message.body.unwrap_or_default()) {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(message.id = id, %error, "a message could not be read");
                failed.push(id);
                continue;
            }
        };
        received(&event);
        let Some((chain, draft)) = rules::draft(&event) else {
            continue;
        };
        let at = shares.iter().position(|share| share.chain == chain);
        let at = at.unwrap_or_else(|| {
            shares.push(Share {
                chain,
                cx: Context::for_event(&event, deadline),
                drafts: Vec::new(),
                messages: Vec::new(),
            });
            shares.len() - 1
        });
        shares[at].drafts.push(draft);
        shares[at].messages.push(id);
    }
    (shares, failed)
}

/// A part of a chain from an entry on, for `cargo xtask audit verify`.
///
/// # Errors
/// The store's.
pub async fn part(
    store: &AuditStore,
    chain: &str,
    from: u64,
) -> Result<Part, Box<dyn std::error::Error + Send + Sync>> {
    let head = store.head(chain).await?;
    let entries = store.span(chain, from, head.sequence, PAGE).await?;
    let mut lines = entries
        .iter()
        .map(canonical::<Entry>)
        .collect::<Result<Vec<_>, _>>()?;
    let next = entries.last().map(|entry| entry.sequence + 1);
    let next = next.filter(|next| *next <= head.sequence);
    if next.is_none() {
        lines.push(canonical(&Trailer { head })?);
    }
    Ok(Part { lines, next })
}
