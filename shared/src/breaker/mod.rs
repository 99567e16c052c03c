//! Circuit breakers around providers outside (GW-21).
//!
//! A provider that failed five times in a row is left alone for a while: its
//! callers are told at once to come again later, instead of waiting for what
//! will not come. The state is one item in the group's table, so that what one
//! instance learnt all know. After the pause one call goes through as a probe;
//! if it succeeds the breaker closes, if not the pause doubles.
//!
//! A closed breaker costs one read for each call, and writes only when a call
//! fails. A breaker whose own state cannot be read lets the call through: it
//! protects, it must not be the outage.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::commit::{Commit, CommitError};
use crate::cx::Context;
use crate::problem::{CONFLICT, Problem};
use crate::table::{Entity, Key, Table};

/// So many failures in a row open it.
pub const THRESHOLD: u32 = 5;
/// Failures further apart than this are no row.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// The first pause; each probe that fails doubles it.
pub const PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// How often it is doubled at most: four minutes.
const DOUBLINGS: u32 = 4;
/// How long a probe may take before another may try.
const PROBE: SignedDuration = SignedDuration::from_secs(10);
/// How long a quiet breaker remembers.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How often a failure is written against the failures of others. Of those who
/// race one wins each round, so that with this many a storm opens it.
const ATTEMPTS: u32 = THRESHOLD;

/// The breaker of one provider; cheap to clone.
#[derive(Debug, Clone)]
pub struct Breaker {
    table: Table,
    name: Arc<str>,
}

/// It is open: the caller may come again after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit breaker is open for {retry_after} s")]
pub struct Open {
    /// Seconds, at least one.
    pub retry_after: i64,
}

/// One call may be made; say how it ended.
#[derive(Debug)]
#[must_use = "a breaker that is not told how the call ended learns nothing"]
pub struct Permit<'a> {
    breaker: &'a Breaker,
    /// What was known of the provider, if it was not all well.
    seen: Option<State>,
    probe: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    name: String,
    version: u64,
    /// In a row.
    failures: u32,
    /// When the last of them was.
    failed_at: Timestamp,
    /// How often it opened without closing.
    opened: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probe_until: Option<Timestamp>,
}

impl Entity for State {
    const KIND: &'static str = "breaker";

    fn key(&self) -> Key {
        key(&self.name)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        let busy = self.open_until.unwrap_or(self.failed_at);
        Some(busy.max(self.failed_at) + KEPT)
    }
}

fn key(name: &str) -> Key {
    Key::new(format!("BREAKER#{name}"), "STATE")
}

impl Breaker {
    /// The breaker of the provider `name`, kept in `table`.
    pub fn new(table: &Table, name: &str) -> Self {
        Self {
            table: table.clone(),
            name: Arc::from(name),
        }
    }

    /// Asks whether a call may be made.
    ///
    /// # Errors
    /// [`Open`]
    pub async fn admit(&self, cx: &Context) -> Result<Permit<'_>, Open> {
        let now = self.table.clock().now();
        let seen = self.state().await;
        let Some((state, open_until)) = seen
            .as_ref()
            .and_then(|state| Some((state, state.open_until?)))
        else {
            return Ok(self.permit(seen, false));
        };
        for until in [Some(open_until), state.probe_until].into_iter().flatten() {
            if now < until {
                let left = until.duration_since(now).as_secs() + 1;
                return Err(Open { retry_after: left });
            }
        }
        let probing = State {
            probe_until: Some(now + PROBE),
            ..state.clone()
        };
        match self.write(cx, &probing).await {
            Ok(()) => {
                let version = probing.version + 1;
                Ok(self.permit(Some(State { version, ..probing }), true))
            }
            // Somebody else probes.
            Err(CommitError::Condition(_)) => Err(Open { retry_after: 1 }),
            Err(err) => {
                self.warn(&err);
                Ok(self.permit(seen, true))
            }
        }
    }

    fn permit(&self, seen: Option<State>, probe: bool) -> Permit<'_> {
        Permit {
            breaker: self,
            seen,
            probe,
        }
    }

    async fn state(&self) -> Option<State> {
        match self.table.get_consistent(&key(&self.name)).await {
            Ok(state) => state,
            Err(err) => {
                self.warn(&err);
                None
            }
        }
    }

    /// Writes what follows from a state that was read, or from none.
    async fn write(&self, cx: &Context, state: &State) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        if state.version == 0 {
            commit.create(state).or(Problem::new(&CONFLICT));
        } else {
            commit.replace(state);
        }
        commit.execute().await
    }

    fn warn(&self, err: &dyn std::error::Error) {
        tracing::warn!(
            error = %err,
            breaker.name = &*self.name,
            "a circuit breaker could not be read or written"
        );
    }
}

impl Permit<'_> {
    /// The provider answered.
    pub async fn succeeded(self, cx: &Context) {
        let Some(seen) = self.seen else { return };
        let breaker = self.breaker;
        let mut commit = Commit::new(&breaker.table, cx);
        // Unless others learnt something else since.
        commit
            .delete(seen.key())
            .when("#version = :seen")
            .bind(":seen", seen.version)
            .or(Problem::new(&CONFLICT));
        match commit.execute().await {
            Ok(()) if self.probe => {
                tracing::info!(breaker.name = seen.name, "a circuit breaker closed");
            }
            Ok(()) | Err(CommitError::Condition(_)) => {}
            Err(err) => breaker.warn(&err),
        }
    }

    /// The provider failed, or did not answer in time.
    pub async fn failed(self, cx: &Context) {
        let breaker = self.breaker;
        for _ in 0..ATTEMPTS {
            let now = breaker.table.clock().now();
            let Some(next) = next(&breaker.name, breaker.state().await, self.probe, now) else {
                return;
            };
            match breaker.write(cx, &next).await {
                Ok(()) => {
                    if next.open_until.is_some() {
                        tracing::warn!(breaker.name = next.name, "a circuit breaker opened");
                    }
                    return;
                }
                Err(CommitError::Condition(_)) => {}
                Err(err) => return breaker.warn(&err),
            }
        }
    }
}

/// What a failure makes of a state; nothing where others opened it already.
fn next(name: &str, before: Option<State>, probe: bool, now: Timestamp) -> Option<State> {
    let before = before.unwrap_or_else(|| State {
        name: name.to_owned(),
        version: 0,
        failures: 0,
        failed_at: now,
        opened: 0,
        open_until: None,
        probe_until: None,
    });
    if before.open_until.is_some() && !probe {
        return None;
    }
    let row = now.duration_since(before.failed_at) <= WINDOW;
    let failures = if row { before.failures + 1 } else { 1 };
    let opens = probe || failures >= THRESHOLD;
    let pause = PAUSE * (1 << before.opened.min(DOUBLINGS));
    Some(State {
        failures,
        failed_at: now,
        opened: before.opened + u32::from(opens),
        open_until: opens.then(|| now + pause),
        probe_until: None,
        ..before
    })
}

#[cfg(test)]
mod tests;
