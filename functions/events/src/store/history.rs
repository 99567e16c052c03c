//! What happened to an event.

use shared::commit::Commit;
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

    /// Takes the history of a draft away with it; what is too much for one
    /// commit is a job that goes on afterwards.
    pub async fn forget_history(
        &self,
        cx: &Context,
        commit: &mut Commit,
        id: EventId,
    ) -> Result<(), StoreError> {
        if self.forget_some_history(commit, id).await? {
            let rest = Job::ForgetHistory { event_id: id };
            let now = commit.now();
            jobs::keep(commit, &KeptJob::new(rest, now, &cx.correlation_id));
        }
        Ok(())
    }

    /// Takes a part of a history away; `true` if there is more.
    pub async fn forget_some_history(
        &self,
        commit: &mut Commit,
        id: EventId,
    ) -> Result<bool, StoreError> {
        let page = self.history(id, MOST_FORGOTTEN, None).await?;
        for entry in page.items {
            commit.delete(entry.key());
        }
        Ok(page.next.is_some())
    }
}
