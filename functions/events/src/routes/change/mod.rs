//! Changes of what was approved, while they wait for approval.

pub mod approve;
pub mod get;
pub mod reject;
pub mod withdraw;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::App;
use crate::model::{Admission, Counts, Event, FieldChange, PendingChange};

/// A change that waits for approval.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    /// Of which event.
    event_id: EventId,
    /// The event's version, for `If-Match`.
    version: u64,
    /// What would become of each field that it is about.
    diff: BTreeMap<String, FieldChange>,
    /// Who proposes it.
    proposed_by: UserId,
    /// Since when, in this form.
    #[schema(value_type = String, format = DateTime)]
    proposed_at: Timestamp,
}

impl ChangeView {
    /// What `change` would do to `event` and its `admission`.
    ///
    /// # Errors
    /// 500 when they have no JSON form.
    pub fn new(
        event: &Event,
        admission: &Admission,
        change: &PendingChange,
    ) -> Result<Self, Problem> {
        Ok(Self {
            event_id: event.id,
            version: event.version,
            diff: change.diff(&event.details, admission)?,
            proposed_by: change.proposed_by,
            proposed_at: change.proposed_at,
        })
    }
}

/// Nobody decides on a change of their own, owners of the organisation aside.
fn may_decide(event: &Event, change: &PendingChange, actor: &Principal) -> Result<(), Problem> {
    let proposed = Event {
        created_by: change.proposed_by,
        ..event.clone()
    };
    super::approve::may_decide(&proposed, actor)
}

impl App {
    /// An event with the change that waits for approval.
    ///
    /// # Errors
    /// 404 when none waits.
    async fn with_change(
        &self,
        id: EventId,
        actor: &Principal,
        permission: Permission,
    ) -> Result<(Event, Counts, PendingChange), Problem> {
        let (event, counts) = self.editable(id, actor, permission).await?;
        match event.pending.clone() {
            Some(change) => Ok((event, counts, change)),
            None => Err(Problem::not_found("A change that waits for approval")),
        }
    }
}
