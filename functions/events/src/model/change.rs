//! A change of what was approved, while it waits for approval: the event stays
//! as it was approved, and only the changed fields are reviewed. They are those
//! of the event itself, and what is reviewed of its admission.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::id::UserId;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::admission::Admission;
use super::details::Details;
use super::review;

/// A change that waits. It is kept as the fields that it is about, so that what
/// an approver changes meanwhile is not undone by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingChange {
    /// The new values; `null` removes a field.
    pub fields: Map<String, Value>,
    /// Who proposes it.
    pub proposed_by: UserId,
    /// Since when, in this form.
    pub proposed_at: Timestamp,
}

/// What becomes of one field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldChange {
    /// The approved value; `null` if it has none.
    #[schema(required)]
    pub from: Value,
    /// The proposed value; `null` to remove it.
    #[schema(required)]
    pub to: Value,
}

impl PendingChange {
    /// The change that leads from one state to another; nothing if they agree.
    /// What waits of admission stays in it.
    ///
    /// # Errors
    /// 500 when they have no JSON form.
    pub fn between(
        waiting: Option<&Self>,
        before: &Details,
        after: &Details,
        by: UserId,
        at: Timestamp,
    ) -> Result<Option<Self>, Problem> {
        let (old, new) = (fields(before)?, fields(after)?);
        let mut fields: Map<String, Value> = names(&old, &new)
            .into_iter()
            .map(|name| {
                let value = new.get(&name).cloned().unwrap_or_default();
                (name, value)
            })
            .collect();
        let waiting = waiting.iter().flat_map(|change| &change.fields);
        fields.extend(
            waiting
                .filter(|(name, _)| review::of_admission(name))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        Ok((!fields.is_empty()).then_some(Self {
            fields,
            proposed_by: by,
            proposed_at: at,
        }))
    }

    /// The details with the change in them.
    ///
    /// # Errors
    /// 400 when both together are not valid any more.
    pub fn applied(&self, details: &Details) -> Result<Details, Problem> {
        let mut all = fields(details)?;
        let mine = self.fields.iter();
        for (name, value) in mine.filter(|(name, _)| !review::of_admission(name)) {
            if value.is_null() {
                all.remove(name);
            } else {
                all.insert(name.clone(), value.clone());
            }
        }
        let details: Details =
            serde_json::from_value(Value::Object(all)).map_err(Problem::internal)?;
        details.checked()
    }

    /// What it would do to details and admission as they are now.
    ///
    /// # Errors
    /// 500 when they have no JSON form.
    pub fn diff(
        &self,
        details: &Details,
        admission: &Admission,
    ) -> Result<BTreeMap<String, FieldChange>, Problem> {
        let mut now = fields(details)?;
        now.extend(review::reviewed(admission)?);
        let admitted = review::reviewed(&self.merged(admission)?)?;
        let change = |(name, to): (&String, &Value)| {
            let from = now.get(name).cloned().unwrap_or_default();
            let to = admitted.get(name).unwrap_or(to).clone();
            (name.clone(), FieldChange { from, to })
        };
        Ok(self.fields.iter().map(change).collect())
    }

    /// The names of the fields that it is about.
    pub fn names(&self) -> Vec<String> {
        self.fields.keys().cloned().collect()
    }
}

/// The names of the fields that differ.
///
/// # Errors
/// 500 when the details have no JSON form.
pub fn changed(before: &Details, after: &Details) -> Result<Vec<String>, Problem> {
    Ok(names(&fields(before)?, &fields(after)?))
}

fn fields(details: &Details) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(details).map_err(Problem::internal)? {
        Value::Object(fields) => Ok(fields),
        other => Err(Problem::internal(format!("details are {other}"))),
    }
}

fn names(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| before.get(name) != after.get(name));
    names
}
