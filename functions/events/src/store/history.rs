//! What happened to an event.

use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::id::EventId;
use shared::table::{Entity, Found, Position, Query, StoreError};

use super::{Store, jobs};
use crate::model::{HistoryEntry, Job, KeptJob};

/// How many entries go in one commit.
const MOST_FORGOTTEN: u32 = 60;

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
        past.delete(&mut commit);
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
    fn delete(&self, commit: &mut Commit) {
        for entry in &self.entries {
            commit.delete(entry.key());
        }
    }

    /// Goes within `commit`; what is too much for it is a job that goes on
    /// afterwards.
    pub(super) fn forget(&self, commit: &mut Commit, cx: &Context, event_id: EventId) {
        self.delete(commit);
        if self.more {
            let rest = Job::ForgetHistory { event_id };
            let now = commit.now();
            jobs::keep(commit, &KeptJob::new(rest, now, &cx.correlation_id));
        }
    }
}
