//! A bucket in the table: `LIMIT#<policy>#<subject>`, `TAT`.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::{API_KEY, Limiter, Policy, SERVICE_ACCOUNT};
use crate::table::{Item, Key, StoreError};

/// How long it is known when a key was used last, in seconds: 400 days.
const SEEN_KEPT: i64 = 400 * 24 * 3600;

/// Where a bucket stands.
pub(super) fn key(policy: &str, subject: &str) -> Key {
    Key::new(format!("LIMIT#{policy}#{subject}"), "TAT")
}

/// What came of asking for tokens, with the arrival time of the bucket.
pub(super) enum Taken {
    Granted { tat: i64 },
    Refused { tat: i64 },
}

impl Limiter {
    /// Takes from a bucket as it is, or begins a new one where it is idle:
    /// first what is likelier by what this instance knows. What it knows to be
    /// empty still is, and costs no write; so a flood costs little. More than one
    /// token is taken only where half of the quota is left to others after that.
    pub(super) async fn try_take(
        &self,
        policy: &Policy,
        subject: &str,
        many: u32,
    ) -> Result<Taken, StoreError> {
        let key = key(policy.name, subject);
        let cost = policy.interval_ms() * i64::from(many);
        let spared = if many > 1 { policy.window_ms() / 2 } else { 0 };
        let mut last = self.known(policy, subject);
        for attempt in 0..3 {
            let now = self.now_ms();
            let latest = now + policy.window_ms() - spared - cost;
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
                        "SET tat = :tat, #ttl = :ttl, seen = :now",
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
                    "ADD tat :cost SET #ttl = :ttl, seen = :now",
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
    number(item, "tat")
}

pub(super) fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn ttl(now_ms: i64, policy: &Policy) -> i64 {
    let kept = i64::from(policy.window) * 2;
    now_ms / 1000
        + match policy.name {
            API_KEY | SERVICE_ACCOUNT => kept.max(SEEN_KEPT),
            _ => kept,
        }
}
