//! Rate limits: GCRA (the leaky bucket as a meter) in the `limits` table.
//!
//! A bucket is one number, the theoretical arrival time. Taking tokens is one
//! conditional write. Principals are served from a lease of a handful of tokens
//! that an instance holds for some seconds, so that the cost is not one write a
//! request; credentials are counted exactly. A limiter that fails lets the
//! request through: it protects, it must not be the outage.

mod attempts;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::table::{Item, Key, StoreError, Table};

pub use attempts::{Attempt, Tried};

/// How long an instance may use what it leased, in milliseconds.
const LEASE_MS: i64 = 5_000;
/// The most that is leased at once.
const MAX_LEASE: u32 = 10;
/// How many subjects an instance remembers.
const REMEMBERED: usize = 5_000;
const PATIENCE: Duration = Duration::from_millis(750);

/// A named limit: `quota` requests per `window` seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// As in `RateLimit-Policy`.
    pub name: &'static str,
    /// How many.
    pub quota: u32,
    /// Per how many seconds.
    pub window: u32,
}

impl Policy {
    fn interval_ms(&self) -> i64 {
        (i64::from(self.window) * 1000 / i64::from(self.quota.max(1))).max(1)
    }

    /// How long a whole quota takes to come back: the window, but for what
    /// the interval lost to whole milliseconds, which must not become tokens.
    fn window_ms(&self) -> i64 {
        self.interval_ms() * i64::from(self.quota)
    }

    fn lease(&self) -> u32 {
        (self.quota / 10).clamp(1, MAX_LEASE)
    }
}

/// The limits of a deployment, as `name=quota/seconds,…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    /// Per user or key, on everything that has a principal.
    pub principal: Policy,
    /// Per address, on routes that take or give credentials.
    pub ip_auth: Policy,
    /// Per address, on other routes without a principal.
    pub ip: Policy,
    /// Per account that somebody tries to prove to have: so many attempts at
    /// once, and then delays that grow up to so many seconds.
    pub account: Policy,
}

impl Default for Policies {
    fn default() -> Self {
        let policy = |name, quota, window| Policy {
            name,
            quota,
            window,
        };
        Self {
            principal: policy("principal", 100, 60),
            ip_auth: policy("ip-auth", 100, 900),
            ip: policy("ip", 300, 60),
            account: policy("account", 10, 900),
        }
    }
}

impl FromStr for Policies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut policies = Self::default();
        for entry in text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let parsed = entry.split_once('=').and_then(|(name, rest)| {
                let (quota, window) = rest.split_once('/')?;
                Some((
                    name,
                    quota.parse::<u32>().ok()?,
                    window.parse::<u32>().ok()?,
                ))
            });
            let Some((name, quota @ 1.., window @ 1..)) = parsed else {
                return Err(format!("{entry:?} is not of the form name=quota/seconds"));
            };
            let policy = match name {
                "principal" => &mut policies.principal,
                "ip-auth" => &mut policies.ip_auth,
                "ip" => &mut policies.ip,
                "account" => &mut policies.account,
                _ => return Err(format!("there is no policy {name:?}")),
            };
            (policy.quota, policy.window) = (quota, window);
        }
        Ok(policies)
    }
}

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

/// Counts requests; cheap to clone.
#[derive(Debug, Clone)]
pub struct Limiter {
    table: Table,
    known: Arc<Mutex<HashMap<String, Known>>>,
    refusals: Arc<Mutex<attempts::Refusals>>,
}

enum Taken {
    Granted { tat: i64 },
    Refused { tat: i64 },
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
        let many = policy.lease();
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

    fn spend_lease(&self, policy: &Policy, subject: &str) -> Option<Verdict> {
        let now = self.now_ms();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = known.get_mut(&bucket(policy, subject))?;
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
        let lease = known.entry(bucket(policy, subject)).or_default();
        (lease.tokens, lease.until, lease.remaining) = (tokens, until, remaining);
    }

    fn known(&self, policy: &Policy, subject: &str) -> i64 {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&bucket(policy, subject))
            .map_or(0, |known| known.tat)
    }

    fn remember(&self, policy: &Policy, subject: &str, tat: i64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.entry(bucket(policy, subject)).or_default().tat = tat;
    }

    fn verdict(&self, policy: &Policy, taken: &Taken) -> Verdict {
        let (now, interval, window) = (self.now_ms(), policy.interval_ms(), policy.window_ms());
        match taken {
            Taken::Granted { tat } => Verdict {
                allowed: true,
                remaining: u32::try_from((window - (tat - now)).max(0) / interval).unwrap_or(0),
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

    /// Takes from a bucket as it is, or begins a new one where it is idle:
    /// first what is likelier by what this instance knows. What it knows to be
    /// empty still is, and costs no write; so a flood costs little.
    async fn try_take(
        &self,
        policy: &Policy,
        subject: &str,
        many: u32,
    ) -> Result<Taken, StoreError> {
        let key = Key::new(format!("LIMIT#{}#{subject}", policy.name), "TAT");
        let cost = policy.interval_ms() * i64::from(many);
        let mut last = self.known(policy, subject);
        for attempt in 0..3 {
            let now = self.now_ms();
            let latest = now + policy.window_ms() - cost;
            if last > latest {
                return Ok(Taken::Refused { tat: last });
            }
            let idle = [
                (":now", now),
                (":tat", now + cost),
                (":ttl", ttl(now, policy)),
            ];
            if attempt > 0 || last < now {
                match self
                    .write(
                        &key,
                        "SET tat = :tat, #ttl = :ttl",
                        "attribute_not_exists(tat) OR tat < :now",
                        &idle,
                    )
                    .await?
                {
                    Ok(tat) => return Ok(Taken::Granted { tat }),
                    Err(Some(tat)) if tat > latest => return Ok(Taken::Refused { tat }),
                    Err(_) => {}
                }
            }
            let busy = [
                (":now", now),
                (":cost", cost),
                (":latest", latest),
                (":ttl", ttl(now, policy)),
            ];
            match self
                .write(
                    &key,
                    "ADD tat :cost SET #ttl = :ttl",
                    "tat >= :now AND tat <= :latest",
                    &busy,
                )
                .await?
            {
                Ok(tat) => return Ok(Taken::Granted { tat }),
                Err(tat) => last = tat.unwrap_or(0),
            }
        }
        Ok(Taken::Refused { tat: last })
    }

    /// The new arrival time, or the old one when the condition did not hold.
    async fn write(
        &self,
        key: &Key,
        update: &str,
        condition: &str,
        values: &[(&str, i64)],
    ) -> Result<Result<i64, Option<i64>>, StoreError> {
        let values: Item = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), AttributeValue::N(value.to_string())))
            .collect();
        let sent = self
            .table
            .client
            .update_item()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_names("#ttl", "ttl")
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(output) => Ok(Ok(output
                .attributes
                .as_ref()
                .and_then(arrival)
                .unwrap_or(0))),
            Err(err) => match err.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
                    Ok(Err(failure.item().and_then(arrival)))
                }
                _ => Err(err.into()),
            },
        }
    }
}

fn arrival(item: &Item) -> Option<i64> {
    item.get("tat")?.as_n().ok()?.parse().ok()
}

fn ttl(now_ms: i64, policy: &Policy) -> i64 {
    now_ms / 1000 + i64::from(policy.window) * 2
}

/// How the buckets are told apart in memory.
fn bucket(policy: &Policy, subject: &str) -> String {
    format!("{}#{subject}", policy.name)
}

fn seconds(ms: i64) -> u32 {
    u32::try_from((ms.max(0) + 999) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gw_06_policies_are_read_and_faults_named() {
        let policies: Policies = "principal=5/10, ip-auth=1/2".parse().unwrap();
        assert_eq!(
            (policies.principal.quota, policies.principal.window),
            (5, 10)
        );
        assert_eq!((policies.ip_auth.quota, policies.ip_auth.window), (1, 2));
        assert_eq!(policies.ip, Policies::default().ip);
        for bad in [
            "principal",
            "principal=0/1",
            "principal=1/0",
            "other=1/1",
            "ip=1",
        ] {
            assert!(bad.parse::<Policies>().is_err(), "{bad}");
        }
    }
}
