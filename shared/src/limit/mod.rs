//! Rate limits: GCRA (the leaky bucket as a meter) in the `limits` table.
//!
//! A bucket is one number, the theoretical arrival time. Taking tokens is one
//! conditional write. Principals are served from a lease of a handful of tokens
//! that an instance holds for some seconds, so that the cost is not one write a
//! request; credentials are counted exactly. A limiter that fails lets the
//! request through: it protects, it must not be the outage.
//!
//! An instance serves one request at a time, so who sends many at once meets
//! many instances. So the first request of somebody takes one token, and only
//! an instance that sees them again takes more, a tenth of what is left and
//! only of the first half: what lies unused elsewhere is never most of a quota.

mod attempts;
mod bucket;
mod counts;
mod policy;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use bucket::{Taken, number};

use crate::table::{StoreError, Table};

pub use attempts::{Attempt, Tried};
pub use policy::{Policies, Policy};

/// How long an instance may use what it leased, in milliseconds.
const LEASE_MS: i64 = 5_000;
/// The policy of API keys, and that of service accounts: by name, because their
/// numbers differ. Their buckets are kept long, for they also tell when a key
/// was used last.
pub const API_KEY: &str = "api-key";
/// See [`API_KEY`].
pub const SERVICE_ACCOUNT: &str = "service-account";
/// How many subjects an instance remembers.
const REMEMBERED: usize = 5_000;
const PATIENCE: Duration = Duration::from_millis(750);

/// What a limiter says of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may go on.
    pub allowed: bool,
    /// How many are left now.
    pub remaining: u32,
    /// Seconds until the bucket is full again, or, when refused, until the
    /// next request may succeed.
    pub reset: u32,
}

/// What an instance knows of a bucket.
#[derive(Debug, Default)]
struct Known {
    /// The arrival time that it saw last; the bucket's own is never earlier.
    tat: i64,
    /// Leased tokens, and until when they may be used.
    tokens: u32,
    until: i64,
    remaining: u32,
}

impl Known {
    /// How many tokens to lease: one, unless somebody was served here within
    /// the life of a lease.
    fn worth(&self, policy: &Policy, now: i64) -> u32 {
        if self.until <= now {
            return 1;
        }
        Policy::lease(policy.left(self.tat, now))
    }
}

/// Counts requests; cheap to clone.
#[derive(Debug, Clone)]
pub struct Limiter {
    table: Table,
    known: Arc<Mutex<HashMap<String, Known>>>,
    refusals: Arc<Mutex<attempts::Refusals>>,
}

impl Limiter {
    /// Counts in `table`.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            known: Arc::default(),
            refusals: Arc::default(),
        }
    }

    /// The table that it counts in.
    pub fn table(&self) -> &Table {
        &self.table
    }

    fn now_ms(&self) -> i64 {
        self.table.clock().now().as_millisecond()
    }

    /// Counts one request of `subject`, exactly. `None` when it cannot count.
    pub async fn count(&self, policy: &Policy, subject: &str) -> Option<Verdict> {
        let taken = self.take(policy, subject, 1).await?;
        Some(self.verdict(policy, &taken))
    }

    /// Counts one request of `subject` by a lease. `None` when it cannot count.
    pub async fn count_leased(&self, policy: &Policy, subject: &str) -> Option<Verdict> {
        if let Some(verdict) = self.spend_lease(policy, subject) {
            return Some(verdict);
        }
        let many = self.worth(policy, subject);
        match self.take(policy, subject, many).await? {
            Taken::Refused { .. } if many > 1 => self.count(policy, subject).await,
            taken => {
                let verdict = self.verdict(policy, &taken);
                if verdict.allowed {
                    self.lease(policy, subject, many - 1, verdict.remaining);
                }
                let spare = if verdict.allowed { many - 1 } else { 0 };
                Some(Verdict {
                    remaining: verdict.remaining + spare,
                    ..verdict
                })
            }
        }
    }

    /// When `subject` was last seen under a policy, give or take the life of a
    /// lease: the buckets know, so that no request pays a write for it.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn last_seen(
        &self,
        policy: &str,
        subject: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let key = bucket::key(policy, subject);
        let output = self
            .table
            .client
            .get_item()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .send()
            .await?;
        let seen = output.item.as_ref().and_then(|item| number(item, "seen"));
        Ok(seen.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    fn spend_lease(&self, policy: &Policy, subject: &str) -> Option<Verdict> {
        let now = self.now_ms();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = known.get_mut(&name_of(policy, subject))?;
        if lease.tokens == 0 || lease.until <= now {
            return None;
        }
        lease.tokens -= 1;
        let remaining = lease.remaining + lease.tokens;
        let used = i64::from(policy.quota.saturating_sub(remaining));
        Some(Verdict {
            allowed: true,
            remaining,
            reset: seconds(used * policy.interval_ms()),
        })
    }

    /// Keeps tokens that were taken for requests to come.
    fn lease(&self, policy: &Policy, subject: &str, tokens: u32, remaining: u32) {
        let until = self.now_ms() + LEASE_MS;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = known.entry(name_of(policy, subject)).or_default();
        (lease.tokens, lease.until, lease.remaining) = (tokens, until, remaining);
    }

    /// Whether this instance knows that `subject` has nothing left now: for
    /// refusing before anything is read. `None` when it does not know.
    pub fn refused(&self, policy: &Policy, subject: &str) -> Option<Verdict> {
        let tat = self.known(policy, subject);
        let taken = Taken::Refused { tat };
        (policy.left(tat, self.now_ms()) == 0).then(|| self.verdict(policy, &taken))
    }

    fn worth(&self, policy: &Policy, subject: &str) -> u32 {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&name_of(policy, subject))
            .map_or(1, |known| known.worth(policy, self.now_ms()))
    }

    fn known(&self, policy: &Policy, subject: &str) -> i64 {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&name_of(policy, subject))
            .map_or(0, |known| known.tat)
    }

    fn remember(&self, policy: &Policy, subject: &str, tat: i64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.entry(name_of(policy, subject)).or_default().tat = tat;
    }

    fn verdict(&self, policy: &Policy, taken: &Taken) -> Verdict {
        let (now, interval, window) = (self.now_ms(), policy.interval_ms(), policy.window_ms());
        match taken {
            Taken::Granted { tat } => Verdict {
                allowed: true,
                remaining: policy.left(*tat, now),
                reset: seconds(tat - now),
            },
            Taken::Refused { tat } => Verdict {
                allowed: false,
                remaining: 0,
                reset: seconds(tat + interval - window - now).max(1),
            },
        }
    }

    async fn take(&self, policy: &Policy, subject: &str, many: u32) -> Option<Taken> {
        match tokio::time::timeout(PATIENCE, self.try_take(policy, subject, many)).await {
            Ok(Ok(taken)) => {
                let (Taken::Granted { tat } | Taken::Refused { tat }) = taken;
                self.remember(policy, subject, tat);
                Some(taken)
            }
            Ok(Err(err)) => {
                tracing::warn!(error = %err, limit.policy = policy.name, "the limiter failed and let a request through");
                None
            }
            Err(_) => {
                tracing::warn!(
                    limit.policy = policy.name,
                    "the limiter took too long and let a request through"
                );
                None
            }
        }
    }
}

/// How the buckets are told apart in memory.
fn name_of(policy: &Policy, subject: &str) -> String {
    format!("{}#{subject}", policy.name)
}

fn seconds(ms: i64) -> u32 {
    u32::try_from((ms.max(0) + 999) / 1000).unwrap_or(u32::MAX)
}
