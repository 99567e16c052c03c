//! Publication of what was committed.
//!
//! A commit writes its events as outbox items; the tables' streams bring them
//! here, and each goes to the topic. The rules:
//!
//! - A transient failure fails the invocation, and the event source brings the
//!   same records again: one shard must not overtake itself, and nothing is
//!   lost. So an event may be published twice; consumers know its id.
//! - An item that can never be published goes whole to the dead letters and is
//!   passed over, so that it holds nothing up.
//! - What the event source gives up is named in the failures queue, as a span
//!   of time; [`sweep`] publishes those spans again from the tables, where
//!   the items stay for seven days. [`replay`] does so by command.

pub mod dead;
pub mod failures;
pub mod message;
pub mod replay;
pub mod span;
pub mod sweep;
pub mod topic;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::telemetry;

use dead::DeadLetters;
use failures::Failures;
use message::{Message, Poison, from_record};
use replay::Replay;
use span::Outbox;
use topic::{Topic, batches};

/// Why an invocation failed; all of it may succeed the next time, but for a
/// wrong command.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RelayError {
    /// The topic did not take what it should.
    #[error("publication failed: {0}")]
    Publish(String),
    /// The dead-letter queue did not take what cannot be published.
    #[error("the dead-letter queue is out of reach: {0}")]
    DeadLetter(String),
    /// A table could not be read.
    #[error("an outbox could not be read: {0}")]
    Outbox(String),
    /// The failures queue could not be read or written.
    #[error("the failures queue is out of reach: {0}")]
    Failures(String),
    /// A replay that makes no sense.
    #[error("{0}")]
    Command(String),
}

/// What wakes the relay.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Request {
    /// Records of a table's stream. They are read one by one: one that is
    /// malformed must not take its neighbours with it.
    Stream {
        /// The records, in the order of their shard.
        #[serde(rename = "Records")]
        records: Vec<Value>,
    },
    /// The schedule.
    Sweep {
        /// Always true.
        sweep: bool,
    },
    /// An operator's command.
    Replay {
        /// What to publish again.
        replay: Replay,
    },
}

/// What an invocation did; the answer to a command.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Events handed to the topic.
    pub published: usize,
    /// Items put into the dead letters.
    pub rejected: usize,
    /// What is left when time ran out: send it as it is to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Value>,
}

/// The relay with everything that it reaches.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Where events go.
    pub topic: Topic,
    /// Where poison goes.
    pub dead_letters: DeadLetters,
    /// What the event sources gave up.
    pub failures: Failures,
    /// The tables.
    pub outbox: Outbox,
    /// The time.
    pub clock: Clock,
}

impl Relay {
    /// Does what was asked; `deadline` is when the function is stopped.
    ///
    /// # Errors
    /// See [`RelayError`]: the event source, the schedule or the operator
    /// tries again.
    pub async fn handle(&self, request: Request, deadline: Instant) -> Result<Outcome, RelayError> {
        match request {
            // Boxed: the SDK's futures are large, and three of them nested.
            Request::Stream { records } => Box::pin(self.stream(records)).await,
            Request::Sweep { .. } => Box::pin(self.sweep(Limit::before(deadline))).await,
            Request::Replay { replay } => {
                Box::pin(self.replay(&replay, false, Limit::before(deadline))).await
            }
        }
    }

    async fn stream(&self, records: Vec<Value>) -> Result<Outcome, RelayError> {
        let found: Vec<_> = records.into_iter().filter_map(from_record).collect();
        let lag = self.lag(&found);
        let correlation_ids = correlation_ids(&found);
        let outcome = self.deliver(found).await?;
        emit(&outcome, lag, &correlation_ids);
        Ok(outcome)
    }

    /// Milliseconds since the oldest event happened.
    fn lag(&self, found: &[Result<Message, Box<Poison>>]) -> Option<i64> {
        let oldest = found.iter().flatten().map(|message| message.time).min()?;
        Some((self.clock.now().as_millisecond() - oldest.as_millisecond()).max(0))
    }

    /// Publishes what can be and only then lets the rest pass: as long as the
    /// batch may come again, its poison stays where it is.
    async fn deliver(
        &self,
        found: Vec<Result<Message, Box<Poison>>>,
    ) -> Result<Outcome, RelayError> {
        let mut messages = Vec::new();
        let mut poison = Vec::new();
        for one in found {
            match one {
                Ok(message) => messages.push(message),
                Err(bad) => poison.push(*bad),
            }
        }
        let mut published = messages.len();
        for batch in batches(messages) {
            let refused = self.topic.publish(batch).await?;
            published -= refused.len();
            poison.extend(refused);
        }
        for bad in &poison {
            tracing::error!(
                table = bad.origin.table,
                reason = bad.reason,
                "An event can never be published."
            );
            self.dead_letters.put(bad).await?;
        }
        Ok(Outcome {
            published,
            rejected: poison.len(),
            resume: None,
        })
    }
}

/// Until when new work may be begun.
#[derive(Debug, Clone, Copy)]
pub struct Limit(Instant);

impl Limit {
    /// A page of a partition takes well under ten seconds, retries included.
    const RESERVE: Duration = Duration::from_secs(10);

    fn before(deadline: Instant) -> Self {
        Self(deadline.checked_sub(Self::RESERVE).unwrap_or(deadline))
    }

    fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// What one looks for in the log to see whether an action's events went out.
fn correlation_ids(found: &[Result<Message, Box<Poison>>]) -> BTreeSet<String> {
    let attributes = found
        .iter()
        .flatten()
        .flat_map(|message| &message.attributes);
    attributes
        .filter(|(name, _)| *name == "correlationid")
        .map(|(_, value)| value.clone())
        .collect()
}

#[allow(clippy::cast_precision_loss)] // far below 2^52
fn emit(outcome: &Outcome, lag: Option<i64>, correlation_ids: &BTreeSet<String>) {
    let mut metrics = vec![
        ("EventsPublished", "Count", outcome.published as f64),
        ("EventsRejected", "Count", outcome.rejected as f64),
    ];
    if let Some(lag) = lag {
        metrics.push(("PublishLag", "Milliseconds", lag as f64));
    }
    let level = if outcome.rejected > 0 {
        "ERROR"
    } else {
        "INFO"
    };
    let fields = json!({"level": level, "message": "relay", "correlationIds": correlation_ids});
    telemetry::emit(&metrics, fields);
}
