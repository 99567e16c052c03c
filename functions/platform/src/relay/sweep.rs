//! The scheduled sweep: what the streams gave up is published from the tables.

use serde_json::json;

use super::failures::Failure;
use super::message::{Origin, Poison};
use super::replay::Replay;
use super::{Limit, Outcome, Relay, RelayError};

/// What one sweep takes on at most; the next comes in five minutes.
const MAX_FAILURES: usize = 100;

/// A span, and the messages that are done when it is.
#[derive(Debug)]
struct Job {
    replay: Replay,
    receipts: Vec<String>,
}

impl Relay {
    /// Publishes every span that the failures queue names. A message leaves
    /// the queue only after its span was published, or what is left of the
    /// span is in the queue again.
    pub(super) async fn sweep(&self, limit: Limit) -> Result<Outcome, RelayError> {
        let mut total = Outcome::default();
        let mut failures = Vec::new();
        while failures.len() < MAX_FAILURES && !limit.is_over() {
            let more = self.failures.receive().await?;
            if more.is_empty() {
                break;
            }
            failures.extend(more);
        }
        let (jobs, unreadable) = merge(failures, self.outbox.tables());
        for failure in unreadable {
            self.set_aside(&failure).await?;
            total.rejected += 1;
        }
        for job in jobs {
            if limit.is_over() {
                break;
            }
            let outcome = self.replay(&job.replay, true, limit).await?;
            if let Some(rest) = &outcome.resume {
                self.failures.keep(rest).await?;
            }
            for receipt in &job.receipts {
                self.failures.done(receipt).await?;
            }
            total.published += outcome.published;
            total.rejected += outcome.rejected;
        }
        tracing::info!(
            published = total.published,
            rejected = total.rejected,
            "The sweep is done."
        );
        Ok(total)
    }

    /// A message that names no span cannot be acted upon, but an operator may.
    async fn set_aside(&self, failure: &Failure) -> Result<(), RelayError> {
        let origin = Origin {
            table: String::new(),
            item: json!(failure.body),
        };
        let poison = Poison::new(
            "the failures queue holds what names no span of a relayed table",
            origin,
        );
        self.dead_letters.put(&poison).await?;
        self.failures.done(&failure.receipt).await
    }
}

/// One outage leaves many records of overlapping spans: each table's are
/// joined, so that nothing is published more often than once a sweep.
fn merge(failures: Vec<Failure>, known: &[String]) -> (Vec<Job>, Vec<Failure>) {
    let mut jobs: Vec<Job> = Vec::new();
    let mut unreadable = Vec::new();
    for failure in failures {
        match failure.replay {
            Some(replay)
                if replay
                    .tables
                    .iter()
                    .flatten()
                    .all(|table| known.contains(table)) =>
            {
                jobs.push(Job {
                    replay,
                    receipts: vec![failure.receipt],
                });
            }
            _ => unreadable.push(failure),
        }
    }
    jobs.sort_by(|a, b| (&a.replay.tables, a.replay.from).cmp(&(&b.replay.tables, b.replay.from)));
    let mut merged: Vec<Job> = Vec::new();
    for job in jobs {
        match merged.last_mut() {
            Some(last) if joins(&last.replay, &job.replay) => {
                last.replay.to = last.replay.to.max(job.replay.to);
                last.receipts.extend(job.receipts);
            }
            _ => merged.push(job),
        }
    }
    (merged, unreadable)
}

/// What was begun already goes on where it stopped and is left alone.
fn joins(first: &Replay, second: &Replay) -> bool {
    first.tables == second.tables
        && first.types == second.types
        && first.after.is_none()
        && second.after.is_none()
        && second.from <= first.to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(table: &str, from: &str, to: &str) -> Failure {
        Failure {
            body: String::new(),
            replay: Some(Replay {
                from: from.parse().unwrap(),
                to: to.parse().unwrap(),
                tables: Some(vec![table.to_owned()]),
                types: None,
                after: None,
            }),
            receipt: from.to_owned(),
        }
    }

    #[test]
    fn xc_12_overlapping_spans_of_a_table_are_one() {
        let failures = vec![
            failure("a", "2026-05-01T10:03:00Z", "2026-05-01T10:06:00Z"),
            failure("b", "2026-05-01T10:00:00Z", "2026-05-01T10:04:00Z"),
            failure("a", "2026-05-01T10:00:00Z", "2026-05-01T10:04:00Z"),
            failure("a", "2026-05-01T12:00:00Z", "2026-05-01T12:04:00Z"),
            failure("elsewhere", "2026-05-01T12:00:00Z", "2026-05-01T12:04:00Z"),
        ];
        let (jobs, unreadable) = merge(failures, &["a".to_owned(), "b".to_owned()]);
        assert_eq!(unreadable.len(), 1);
        assert_eq!(jobs.len(), 3);
        assert_eq!(jobs[0].replay.to.to_string(), "2026-05-01T10:06:00Z");
        assert_eq!(jobs[0].receipts.len(), 2);
    }
}
