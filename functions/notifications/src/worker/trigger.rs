//! What invokes the function: its queue, or a schedule.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::worker::run_batch;

use super::Worker;
use crate::outgoing::{Mailer, Unsealer};

/// What invokes the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Trigger {
    /// A schedule.
    Sweep {
        /// What to sweep.
        sweep: Sweep,
    },
    /// The queue.
    Batch(SqsEvent),
}

/// What a schedule can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sweep {
    /// Send the deferred e-mails whose time has come.
    Mails,
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// To the queue: what failed.
    Batch(SqsBatchResponse),
    /// To the schedule: how many letters went out.
    Swept {
        /// Letters.
        letters: usize,
    },
}

/// How long a sweep may take: not quite as long as the function.
const SWEEP: Duration = Duration::from_secs(25);

/// Does what the trigger asks for; `timeout` bounds each event.
///
/// # Errors
/// Only a sweep fails as a whole; the schedule comes again.
pub async fn run<M: Mailer, U: Unsealer>(
    worker: &Worker<M, U>,
    trigger: Trigger,
    timeout: Duration,
) -> Result<Outcome, lambda_runtime::Error> {
    match trigger {
        Trigger::Batch(batch) => {
            // Boxed: the futures of the SDK inside nest deeper than the compiler
            // likes to look.
            let handle = |event, cx| Box::pin(worker.handle(event, cx));
            let response = run_batch(batch, timeout, handle).await;
            Ok(Outcome::Batch(response))
        }
        Trigger::Sweep {
            sweep: Sweep::Mails,
        } => {
            let cx = Context::begin(SWEEP);
            let letters = Box::pin(worker.sweep(&cx)).await?;
            tracing::info!(mail.letters = letters, "deferred e-mails were sent");
            Ok(Outcome::Swept { letters })
        }
    }
}
