//! Publishing a span of time again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::message::{Message, Poison};
use super::span::{Place, Walk};
use super::{Limit, Outcome, Relay, RelayError};

/// Outbox items live seven days, and TTL deletes late.
const OLDEST: SignedDuration = SignedDuration::from_hours(8 * 24);

/// What to publish again: events of `from <= time < to`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant that is no longer meant.
    pub to: Timestamp,
    /// Only these tables; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<Vec<String>>,
    /// Only these event types; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// Where an earlier invocation stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Place>,
}

impl Replay {
    fn wants(&self, found: &Result<Message, Box<Poison>>, poison: bool) -> bool {
        match found {
            Err(_) => poison,
            Ok(message) => {
                message.time >= self.from
                    && message.time < self.to
                    && self
                        .types
                        .as_ref()
                        .is_none_or(|types| types.contains(&message.kind))
            }
        }
    }

    fn check(&self, known: &[String]) -> Result<(), RelayError> {
        if self.from >= self.to {
            return Err(RelayError::Command("`from` must be before `to`".into()));
        }
        let unknown = self
            .tables
            .iter()
            .flatten()
            .find(|table| !known.contains(table));
        if let Some(table) = unknown {
            let known = known.join(", ");
            return Err(RelayError::Command(format!(
                "the table {table} is not relayed; these are: {known}"
            )));
        }
        Ok(())
    }
}

impl Relay {
    /// Publishes a span again, hour by hour, until it is done or time is over;
    /// then [`Outcome::resume`] says how to go on. What can never be published
    /// goes to the dead letters if `poison` says that it may not be there yet:
    /// a batch that was given up left it where it was.
    pub(super) async fn replay(
        &self,
        command: &Replay,
        poison: bool,
        limit: Limit,
    ) -> Result<Outcome, RelayError> {
        command.check(self.outbox.tables())?;
        let tables = command.tables.as_deref().unwrap_or(self.outbox.tables());
        let from = command.from.max(
            self.clock
                .now()
                .saturating_sub(OLDEST)
                .unwrap_or(command.from),
        );
        let mut total = Outcome::default();
        for mut place in Walk::over(tables, from, command.to, command.after.clone()) {
            loop {
                if limit.is_over() {
                    let rest = Replay {
                        after: Some(place),
                        ..command.clone()
                    };
                    total.resume = Some(json!({ "replay": rest }));
                    return Ok(total);
                }
                let page = self.outbox.page(&place).await?;
                let wanted = page
                    .found
                    .into_iter()
                    .filter(|found| command.wants(found, poison))
                    .collect();
                let outcome = self.deliver(wanted).await?;
                total.published += outcome.published;
                total.rejected += outcome.rejected;
                match page.next {
                    Some(next) => place.after = Some(next),
                    None => break,
                }
            }
        }
        Ok(total)
    }
}
