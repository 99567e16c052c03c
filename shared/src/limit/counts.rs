//! The items that attempts are counted in: `LIMIT#<policy>#<hash>`, `ATTEMPTS`.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::{Limiter, Policy};
use crate::table::{Item, Key, StoreError};

/// A count as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub(super) attempts: i64,
    pub(super) last: i64,
    pub(super) known: i64,
}

impl Count {
    const NONE: Self = Self {
        attempts: 0,
        last: 0,
        known: 0,
    };

    fn of(item: &Item) -> Self {
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
        Self {
            attempts: number("attempts").unwrap_or(0),
            last: number("last").unwrap_or(0),
            known: number("known").unwrap_or(0),
        }
    }
}

impl Limiter {
    /// The new count, or the old one when the condition did not hold.
    pub(super) async fn update(
        &self,
        policy: &Policy,
        key: &str,
        change: &str,
        condition: Option<&str>,
        values: &[(&str, i64)],
    ) -> Result<Result<Count, Option<Count>>, StoreError> {
        let values: Item = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), AttributeValue::N(value.to_string())))
            .collect();
        let mut request = self
            .table
            .client
            .update_item()
            .table_name(&*self.table.name)
            .set_key(Some(
                Key::new(format!("LIMIT#{}#{key}", policy.name), "ATTEMPTS").attributes(),
            ))
            .update_expression(change)
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (alias, name) in [("#ttl", "ttl"), ("#last", "last")] {
            if change.contains(alias) || condition.is_some_and(|text| text.contains(alias)) {
                request = request.expression_attribute_names(alias, name);
            }
        }
        match request.send().await {
            Ok(output) => Ok(Ok(output
                .attributes
                .as_ref()
                .map_or(Count::NONE, Count::of))),
            Err(err) => match err.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
                    Ok(Err(failure.item().map(Count::of)))
                }
                _ => Err(err.into()),
            },
        }
    }
}
