//! Exporting what a group keeps of a person: one JSON document in a bucket.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::commit::{Commit, CommitError};
use crate::cx::Context;
use crate::event::Event;
use crate::event::operations::{SagaStepCompleted, UserExportRequested};
use crate::id::{OperationId, UserId};
use crate::objects::{Object, Objects};
use crate::table::Table;
use crate::worker::WorkerError;

/// The largest part, in bytes of JSON.
pub const PART_LIMIT: u64 = 32 * 1024 * 1024;

/// Where the part of a group lies until platform takes it.
pub fn part_key(operation: OperationId, group: &str) -> String {
    format!("parts/{operation}/{group}.json")
}

/// Where the file of an export lies, for as long as [`ARCHIVE_KEPT`].
pub fn archive_key(operation: OperationId) -> String {
    format!("exports/{operation}.zip")
}

/// How long the file of an export is kept; the bucket's rule says the same.
pub const ARCHIVE_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One group's part of an export, collected before it is written.
///
/// Written twice it is the same part, or a later one; counted it is once.
#[derive(Debug)]
pub struct Export {
    group: &'static str,
    requested: UserExportRequested,
    sections: Map<String, Value>,
    counts: BTreeMap<String, u64>,
}

impl Export {
    /// An empty part.
    ///
    /// # Errors
    /// The event is none of an export.
    pub fn begin(group: &'static str, event: &Event) -> Result<Self, WorkerError> {
        Ok(Self {
            group,
            requested: event.data()?,
            sections: Map::new(),
            counts: BTreeMap::new(),
        })
    }

    /// Whose.
    pub fn user(&self) -> UserId {
        self.requested.user_id
    }

    /// Adds a list under its name, however short.
    ///
    /// # Errors
    /// Something in it has no JSON form.
    pub fn list<T: Serialize>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Result<(), WorkerError> {
        let items = items
            .into_iter()
            .map(serde_json::to_value)
            .collect::<Result<Vec<_>, _>>()
            .map_err(WorkerError::permanent)?;
        self.counts.insert(name.to_owned(), items.len() as u64);
        self.sections.insert(name.to_owned(), Value::Array(items));
        Ok(())
    }

    /// Adds one thing under its name, if it is there.
    ///
    /// # Errors
    /// It has no JSON form.
    pub fn one<T: Serialize>(&mut self, name: &str, item: Option<T>) -> Result<(), WorkerError> {
        let value = serde_json::to_value(&item).map_err(WorkerError::permanent)?;
        self.counts
            .insert(name.to_owned(), u64::from(item.is_some()));
        self.sections.insert(name.to_owned(), value);
        Ok(())
    }

    /// Writes the part, then says so.
    ///
    /// # Errors
    /// The bucket's or the table's; the part is larger than [`PART_LIMIT`].
    pub async fn finish(
        self,
        objects: &dyn Objects,
        table: &Table,
        cx: &Context,
        event: &Event,
    ) -> Result<(), WorkerError> {
        // Written again, a part that was taken would lie there for nobody.
        if Commit::was_done(table, event.id).await? {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(&self.sections).map_err(WorkerError::permanent)?;
        if text.len() as u64 > PART_LIMIT {
            return Err(WorkerError::permanent(format!(
                "the part has {} bytes",
                text.len()
            )));
        }
        let operation = self.requested.operation_id;
        let object = Object {
            content_type: "application/json",
            cache_control: "no-store",
            bytes: &text,
        };
        objects
            .write(&part_key(operation, self.group), object)
            .await?;
        let mut commit = Commit::new(table, cx);
        commit.once(event.id);
        commit.publish(
            &SagaStepCompleted {
                operation_id: operation,
                group: self.group.to_owned(),
                counts: self.counts,
            },
            1,
        );
        match commit.execute().await {
            Err(CommitError::Duplicate) => Ok(()),
            other => Ok(other?),
        }
    }
}
