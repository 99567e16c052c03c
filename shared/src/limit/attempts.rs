//! Attempts to prove to be somebody (NIST SP 800-63B-4 §3.2.2): after so many
//! for one account each further one must wait, longer and longer, and never
//! longer than the policy's window. Nobody is locked out.
//!
//! An attempt is counted before it is judged, so that racing ones get no more
//! than their number; a right one sets the count to nothing. Who was right is
//! known at their network from then on and has a count of their own there,
//! which no stranger elsewhere can fill, and which sets back no stranger's.

use std::collections::HashMap;
use std::sync::PoisonError;

use futures::future::join;

use super::counts::Count;
use super::{Limiter, PATIENCE, Policy, REMEMBERED, Verdict, seconds};
use crate::digest;
use crate::table::StoreError;

/// The first delay is this part of the longest, and each is twice the one before.
const STEPS: u32 = 8;
/// So many times the longest delay without an attempt, and it begins anew.
const FORGOTTEN_AFTER: i64 = 96;
/// How long a network is known after somebody was right there.
const KNOWN_MS: i64 = 90 * 24 * 3600 * 1000;
/// How long an instance believes a refusal that it saw, so that a flood is
/// cheap and a count that was set back elsewhere holds here soon.
const BELIEVED_MS: i64 = 3_000;

/// Who tries what, from where; by hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    account: String,
    here: String,
}

impl Attempt {
    /// `what` are attempts that count together; `account` is whatever names it,
    /// whether or not it exists.
    pub fn new(realm: &str, what: &str, account: &str, network: &str) -> Self {
        let hash =
            |parts: &[&[u8]]| digest::hmac(realm.as_bytes(), digest::sha256(parts).as_bytes());
        let (what, account) = (what.as_bytes(), account.as_bytes());
        Self {
            here: hash(&[what, account, network.as_bytes()]),
            account: hash(&[what, account]),
        }
    }
}

/// What an instance remembers of a refusal, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    ends: i64,
    believed: i64,
}

pub(super) type Refusals = HashMap<String, Refusal>;

impl Policy {
    /// How long after the attempt of this number the next must wait.
    fn delay_ms(&self, attempts: i64) -> i64 {
        let longest = i64::from(self.window) * 1000;
        match u32::try_from(attempts - i64::from(self.quota)) {
            Ok(beyond) => (longest >> STEPS.saturating_sub(beyond))
                .max(1000)
                .min(longest),
            Err(_) => 0,
        }
    }

    fn forgotten_ms(&self) -> i64 {
        i64::from(self.window) * 1000 * FORGOTTEN_AFTER
    }

    fn granted(&self, attempts: i64) -> Verdict {
        let left = (i64::from(self.quota) - attempts).max(0);
        let reset = match self.delay_ms(attempts) {
            0 => self.forgotten_ms(),
            delay => delay,
        };
        Verdict {
            allowed: true,
            remaining: u32::try_from(left).unwrap_or(0),
            reset: seconds(reset),
        }
    }
}

fn refused(ms: i64) -> Verdict {
    Verdict {
        allowed: false,
        remaining: 0,
        reset: seconds(ms).max(1),
    }
}

/// What a limiter says of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Whether it may go on.
    pub verdict: Verdict,
    /// Whether it was counted with those of strangers.
    pub as_stranger: bool,
}

impl Limiter {
    /// Counts an attempt, unless it must wait. `None` when it cannot count.
    pub async fn attempt(&self, policy: &Policy, attempt: &Attempt) -> Option<Tried> {
        let now = self.now_ms();
        if let Some(verdict) = self.remembered(attempt, now) {
            return Some(Tried {
                verdict,
                as_stranger: true,
            });
        }
        let counted = tokio::time::timeout(PATIENCE, self.try_attempt(policy, attempt, now)).await;
        let failure = match counted {
            Ok(Ok(tried)) => {
                if !tried.verdict.allowed {
                    let wait = i64::from(tried.verdict.reset) * 1000;
                    self.remember_refusal(attempt, now, wait);
                }
                return Some(tried);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        tracing::warn!(error = %failure, limit.policy = policy.name, "the limiter failed and let an attempt through");
        None
    }

    /// Somebody was right: it begins anew, and the network is known. The count
    /// of strangers is set back if they were counted with it, or if
    /// `everywhere`.
    pub async fn forgive(&self, policy: &Policy, attempt: &Attempt, everywhere: bool) {
        let now = self.now_ms();
        self.refusals().remove(&attempt.here);
        let here = [
            (":zero", 0),
            (":now", now),
            (":ttl", (now + KNOWN_MS) / 1000),
        ];
        let change = "SET attempts = :zero, known = :now, #last = :now, #ttl = :ttl";
        let strangers = async {
            if everywhere {
                let (change, condition) = ("SET attempts = :zero", Some("attempts > :zero"));
                self.update(policy, &attempt.account, change, condition, &here[..1])
                    .await?
                    .ok();
            }
            Ok::<_, StoreError>(())
        };
        let written = join(
            self.update(policy, &attempt.here, change, None, &here),
            strangers,
        );
        match tokio::time::timeout(PATIENCE, written).await {
            Ok((Ok(_), Ok(()))) => {}
            Ok((Err(error), _) | (_, Err(error))) => {
                tracing::warn!(%error, "the limiter failed to set a count back");
            }
            Err(_) => tracing::warn!("the limiter took too long to set a count back"),
        }
    }

    async fn try_attempt(
        &self,
        policy: &Policy,
        attempt: &Attempt,
        now: i64,
    ) -> Result<Tried, StoreError> {
        let known = Some(now - KNOWN_MS);
        if let Some(verdict) = self.count_at(policy, &attempt.here, known, now).await? {
            return Ok(Tried {
                verdict,
                as_stranger: false,
            });
        }
        let verdict = self.count_at(policy, &attempt.account, None, now).await?;
        Ok(Tried {
            verdict: verdict.unwrap_or_else(|| refused(1000)),
            as_stranger: true,
        })
    }

    /// Counts at one place; `None` if it must be known since `known` and is not.
    async fn count_at(
        &self,
        policy: &Policy,
        key: &str,
        known: Option<i64>,
        now: i64,
    ) -> Result<Option<Verdict>, StoreError> {
        let quota = (":quota", i64::from(policy.quota));
        let ttl = (now + policy.forgotten_ms()) / 1000;
        let (change, condition, bound) = if let Some(since) = known {
            (
                "ADD attempts :one SET #last = :now",
                "known >= :since AND attempts < :quota",
                (":since", since),
            )
        } else {
            (
                "ADD attempts :one SET #last = :now, #ttl = :ttl",
                "attribute_not_exists(attempts) OR attempts < :quota",
                (":ttl", ttl),
            )
        };
        let values = [(":one", 1), (":now", now), quota, bound];
        let free = self
            .update(policy, key, change, Some(condition), &values)
            .await?;
        let count = match free {
            Ok(count) => return Ok(Some(policy.granted(count.attempts))),
            Err(Some(count)) if known.is_none_or(|since| count.known >= since) => count,
            Err(_) => return Ok(None),
        };
        self.count_late(policy, key, count, now).await.map(Some)
    }

    /// Counts beyond the free attempts: of racing ones at most one.
    async fn count_late(
        &self,
        policy: &Policy,
        key: &str,
        count: Count,
        now: i64,
    ) -> Result<Verdict, StoreError> {
        let wait = count.last + policy.delay_ms(count.attempts) - now;
        if wait > 0 {
            return Ok(refused(wait));
        }
        let forgotten = now - count.last >= policy.forgotten_ms();
        let attempts = if forgotten { 1 } else { count.attempts + 1 };
        // A known network is remembered longer than any count.
        let kept = policy.forgotten_ms().max(count.known + KNOWN_MS - now);
        let values = [
            (":attempts", attempts),
            (":now", now),
            (":seen", count.attempts),
            (":last", count.last),
            (":ttl", (now + kept) / 1000),
        ];
        let (change, condition) = (
            "SET attempts = :attempts, #last = :now, #ttl = :ttl",
            "attempts = :seen AND #last = :last",
        );
        let written = self
            .update(policy, key, change, Some(condition), &values)
            .await?;
        Ok(match written {
            Ok(_) => policy.granted(attempts),
            Err(_) => refused(policy.delay_ms(attempts).max(1000)),
        })
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self, attempt: &Attempt, now: i64) -> Option<Verdict> {
        let refusal = *self.refusals().get(&attempt.here)?;
        (now < refusal.ends && now < refusal.believed).then(|| refused(refusal.ends - now))
    }

    fn remember_refusal(&self, attempt: &Attempt, now: i64, wait: i64) {
        let mut refusals = self.refusals();
        if refusals.len() >= REMEMBERED {
            refusals.clear();
        }
        let refusal = Refusal {
            ends: now + wait,
            believed: now + BELIEVED_MS,
        };
        refusals.insert(attempt.here.clone(), refusal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b1_10_delays_double_up_to_the_window() {
        let policy = Policy {
            name: "account",
            quota: 10,
            window: 900,
        };
        let delays: Vec<i64> = (9..22).map(|n| policy.delay_ms(n) / 1000).collect();
        assert_eq!(
            delays,
            [0, 3, 7, 14, 28, 56, 112, 225, 450, 900, 900, 900, 900]
        );
        let short = Policy {
            window: 1,
            ..policy
        };
        assert_eq!((short.delay_ms(10), short.delay_ms(1000)), (1000, 1000));
    }

    #[test]
    fn b1_10_an_attempt_is_known_by_hash() {
        let attempt = Attempt::new("r", "/v1/auth/login", "ada@example.org", "192.0.2.1");
        assert!(!format!("{attempt:?}").contains("ada"));
        for other in [
            Attempt::new("s", "/v1/auth/login", "ada@example.org", "192.0.2.1"),
            Attempt::new(
                "r",
                "/v1/auth/forgot-password",
                "ada@example.org",
                "192.0.2.1",
            ),
            Attempt::new("r", "/v1/auth/login", "eve@example.org", "192.0.2.1"),
        ] {
            assert_ne!(attempt.account, other.account);
            assert_ne!(attempt.here, other.here);
        }
    }
}
