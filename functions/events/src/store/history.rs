//! What happened to an event.

use std::collections::BTreeSet;

use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::id::EventId;
use shared::table::{Entity, Found, Position, Query, StoreError};

use super::{Store, jobs, untrace};
use crate::model::{HistoryEntry, Job, KeptJob, Place};

/// How many entries go in one commit, each perhaps with the trace of its actor.
const MOST_FORGOTTEN: u32 = 40;

impl Store {
    /// A page of an event's history, the newest first.
    pub async fn history(
        &self,
        id: EventId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<HistoryEntry>, StoreError> {
        let query = Query::partition(format!("EVENT#{id}"))
            .begins_with(HistoryEntry::PREFIX)
            .descending()
            .limit(limit)
            .consistent();
        self.table.query(query.after(after)).await
    }

    /// What goes of a history within one commit.
    pub(super) async fn past(&self, id: EventId) -> Result<Past, StoreError> {
        let page = self.history(id, MOST_FORGOTTEN, None).await?;
        Ok(Past {
            more: page.next.is_some(),
            entries: page.items,
        })
    }

    /// Takes a part of a history away; `true` if there is more.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_history(&self, cx: &Context, id: EventId) -> Result<bool, CommitError> {
        let past = self.past(id).await?;
        let mut commit = self.commit(cx);
        past.delete(&mut commit, id);
        if !commit.is_empty() {
            commit.execute().await?;
        }
        Ok(past.more)
    }
}

/// The newest part of a history, and whether there is more.
#[derive(Debug)]
pub(super) struct Past {
    entries: Vec<HistoryEntry>,
    more: bool,
}

impl Past {
    fn delete(&self, commit: &mut Commit, event_id: EventId) {
        for entry in &self.entries {
            commit.delete(entry.key());
        }
        let actors = self.entries.iter().filter_map(|entry| entry.actor_id);
        for actor in actors.collect::<BTreeSet<_>>() {
            untrace(commit, actor, Place::Event { event_id });
        }
    }

    /// Goes within `commit`; what is too much for it is a job that goes on
    /// afterwards.
    pub(super) fn forget(&self, commit: &mut Commit, cx: &Context, event_id: EventId) {
        self.delete(commit, event_id);
        if self.more {
            let rest = Job::ForgetHistory { event_id };
            let now = commit.now();
            jobs::keep(commit, &KeptJob::new(rest, now, &cx.correlation_id));
        }
    }
}
