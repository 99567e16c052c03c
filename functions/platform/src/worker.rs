//! What wakes the platform's worker, and who does what with it: the audit log
//! takes a batch as a whole, the ledger of operations event by event.
//!
//! They know nothing of each other. A message is done when both have done their
//! part; if it comes again, whoever had done theirs does nothing twice.

use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::Value;
use shared::event::Event;
use shared::objects::Objects;
use shared::worker::{WorkerError, run_batch};

use crate::audit::{AuditStore, worker as audit};
use crate::operations::Ledger;

/// How long the audit log may take for a batch, and the ledger for an event;
/// together below the function's time-out.
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
    /// Reads a chain of the audit log.
    Audit {
        /// An organisation's id, or `platform`.
        chain: String,
        /// The first entry wanted, from 1.
        from: u64,
    },
}

/// Everything that the function works with.
#[derive(Debug, Clone)]
pub struct Worker<O> {
    /// The audit log.
    pub audit: AuditStore,
    /// The ledger of operations.
    pub ledger: Ledger<O>,
}

impl<O: Objects> Worker<O> {
    /// Answers whatever woke the function.
    ///
    /// # Errors
    /// Of commands, the store's; a batch says itself what failed.
    pub async fn answer(
        &self,
        payload: Payload,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        match payload {
            Payload::Batch(batch) => Ok(serde_json::to_value(self.handle(batch).await)?),
            Payload::Command(Command::Audit { chain, from }) => {
                let part = audit::part(&self.audit, &chain, from).await?;
                Ok(serde_json::to_value(part)?)
            }
        }
    }

    /// Handles a batch of messages; one that is no event fails alone.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        let bodies = batch.records.iter().filter_map(|one| one.body.as_deref());
        let events: Vec<Event> = bodies
            .filter_map(|body| serde_json::from_str(body).ok())
            .collect();
        let deadline = Instant::now() + PATIENCE;
        let unwritten = &audit::append(&self.audit, &events, deadline).await;
        run_batch(batch, PATIENCE, |event, cx| {
            async move {
                self.ledger.hear(&event, &cx).await?;
                if unwritten.contains(&event.id) {
                    return Err(WorkerError::transient("it is not in the audit log"));
                }
                Ok(())
            }
            .boxed_local()
        })
        .await
    }
}
