//! The loop of a worker: one SQS batch in, the ids that failed out.
//!
//! Each body is parsed on its own, so that one bad body never fails the batch;
//! what cannot be handled comes again and ends in the dead-letter queue.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;

use crate::cx::Context;
use crate::event::Event;
use crate::telemetry;

/// What the answer to the queue takes, at the end of the function's time.
const FOR_THE_ANSWER: Duration = Duration::from_secs(1);
/// With less time than this a message is not begun.
const LEAST: Duration = Duration::from_secs(3);

tokio::task_local! {
    /// When the service ends the function.
    static ENDS: Instant;
}

/// Does `work` in a function that the service ends at `ends`.
pub async fn until<F: Future>(ends: Instant, work: F) -> F::Output {
    ENDS.scope(ends, work).await
}

/// Why an event could not be handled.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{source}")]
pub struct WorkerError {
    retryable: bool,
    source: Arc<dyn Error + Send + Sync>,
}

impl WorkerError {
    /// It may succeed later.
    pub fn transient(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            retryable: true,
            source: Arc::from(source.into()),
        }
    }

    /// It will never succeed.
    pub fn permanent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            retryable: false,
            source: Arc::from(source.into()),
        }
    }

    /// Whether it may succeed later.
    pub fn retryable(&self) -> bool {
        self.retryable
    }
}

/// Hands each event of the batch to `handle`, one after the other. `timeout`
/// bounds each, and so does what is left of the function's time ([`until`]):
/// were the function ended, those that are done would come again too. What
/// cannot be begun any more comes again.
pub async fn run_batch<H, F>(batch: SqsEvent, timeout: Duration, handle: H) -> SqsBatchResponse
where
    H: Fn(Event, Context) -> F,
    F: Future<Output = Result<(), WorkerError>>,
{
    let handle = &handle;
    run_messages(batch, timeout, move |body: String, deadline| async move {
        let event: Event = serde_json::from_str(&body).map_err(WorkerError::permanent)?;
        let cx = Context::for_event(&event, deadline);
        received(&event);
        handle(event, cx).await
    })
    .await
}

/// As [`run_batch`], for queues that hold other things than domain events:
/// `handle` gets the bodies as they are, and until when each may take.
pub async fn run_messages<H, F>(batch: SqsEvent, timeout: Duration, handle: H) -> SqsBatchResponse
where
    H: Fn(String, Instant) -> F,
    F: Future<Output = Result<(), WorkerError>>,
{
    let began = Instant::now();
    let ends = ENDS.try_with(|ends| *ends).ok();
    let mut response = SqsBatchResponse::default();
    let count = batch.records.len();
    for message in batch.records {
        let body = message.body.clone().unwrap_or_default();
        let left = ends.map_or(timeout, |ends| {
            let left = ends.saturating_duration_since(Instant::now());
            left.saturating_sub(FOR_THE_ANSWER).min(timeout)
        });
        if let Err(err) = one(body, left, timeout.min(LEAST), &handle).await {
            tracing::error!(
                message.id = message.message_id.as_deref().unwrap_or_default(),
                retryable = err.retryable,
                error = %err,
                "a message could not be handled"
            );
            response.batch_item_failures.push(failure(&message));
        }
    }
    telemetry::batch(count, response.batch_item_failures.len(), began.elapsed());
    response
}

/// Logs that an event came in.
pub fn received(event: &Event) {
    tracing::info!(
        event.id = %event.id,
        event.type = event.kind,
        event.subject = event.subject,
        correlation_id = event.correlationid,
        "event received"
    );
}

fn failure(message: &SqsMessage) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.clone().unwrap_or_default();
    failure
}

async fn one<H, F>(
    body: String,
    left: Duration,
    least: Duration,
    handle: &H,
) -> Result<(), WorkerError>
where
    H: Fn(String, Instant) -> F,
    F: Future<Output = Result<(), WorkerError>>,
{
    if left < least {
        return Err(WorkerError::transient("no time was left to begin it"));
    }
    let deadline = Instant::now() + left;
    let handled = std::panic::AssertUnwindSafe(handle(body, deadline)).catch_unwind();
    match tokio::time::timeout(left, handled).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(WorkerError::permanent("the handler panicked")),
        Err(_) => Err(WorkerError::transient("the handler took too long")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::event::users::UserProfileUpdated;
    use crate::id::UserId;

    fn message(id: &str, body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.into());
        message.body = Some(body.into());
        message
    }

    fn event() -> Event {
        let payload = UserProfileUpdated {
            user_id: UserId::new(),
            changes: serde_json::Map::new(),
        };
        let cx = Context::begin(Duration::from_secs(1));
        Event::of(&payload, 1, jiff::Timestamp::UNIX_EPOCH, &cx).unwrap()
    }

    async fn run(
        messages: Vec<SqsMessage>,
        handle: impl AsyncFn(Event) -> Result<(), WorkerError>,
    ) -> Vec<String> {
        let mut batch = SqsEvent::default();
        batch.records = messages;
        let response = run_batch(batch, Duration::from_millis(200), |event, _| handle(event)).await;
        response
            .batch_item_failures
            .into_iter()
            .map(|failure| failure.item_identifier)
            .collect()
    }

    /// XC-01: a poison message harms no other.
    #[tokio::test]
    async fn xc_01_only_what_failed_comes_again() {
        let good = serde_json::to_string(&event()).unwrap();
        let seen = Mutex::new(0);
        let failed = run(
            vec![
                message("1", &good),
                message("2", "{no json"),
                message("3", "{}"),
                message("4", &good),
            ],
            async |_| {
                *seen.lock().unwrap() += 1;
                Ok(())
            },
        )
        .await;
        assert_eq!(failed, ["2", "3"]);
        assert_eq!(*seen.lock().unwrap(), 2);
    }

    /// XC-01: a slow message takes the time of the function, not of its
    /// neighbours that are done; what was not begun comes again.
    #[tokio::test]
    async fn xc_01_a_batch_ends_before_the_function_does() {
        let good = serde_json::to_string(&event()).unwrap();
        let turn = Mutex::new(0);
        let messages = ["1", "2", "3", "4"].map(|id| message(id, &good));
        let handle = async |_| {
            *turn.lock().unwrap() += 1;
            if *turn.lock().unwrap() == 2 {
                std::future::pending().await
            } else {
                Ok(())
            }
        };
        let time = FOR_THE_ANSWER + Duration::from_millis(300);
        let (began, ends) = (Instant::now(), Instant::now() + time);
        // Each may take 200 ms; the second has them, and leaves 100 at most.
        let failed = until(ends, run(messages.into(), handle)).await;
        assert_eq!(failed, ["2", "3", "4"]);
        assert_eq!(*turn.lock().unwrap(), 2, "the others were not begun");
        assert!(began.elapsed() < time);
    }

    #[tokio::test]
    async fn xc_01_a_panic_or_a_hang_fails_its_message_alone() {
        let good = serde_json::to_string(&event()).unwrap();
        let turn = Mutex::new(0);
        let failed = run(
            vec![
                message("1", &good),
                message("2", &good),
                message("3", &good),
            ],
            async |_| {
                let now = {
                    let mut turn = turn.lock().unwrap();
                    *turn += 1;
                    *turn
                };
                match now {
                    1 => panic!("on purpose"),
                    2 => std::future::pending().await,
                    _ => Ok(()),
                }
            },
        )
        .await;
        assert_eq!(failed, ["1", "2"]);
    }
}
