//! What happened to an event.

use shared::commit::Commit;
use shared::id::EventId;
use shared::table::{Entity, Found, Position, Query, StoreError};

use super::Store;
use crate::model::HistoryEntry;

/// How many entries go with a deleted draft, within its one commit.
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

    /// Takes the history of a draft away with it.
    pub async fn forget_history(&self, commit: &mut Commit, id: EventId) -> Result<(), StoreError> {
        for entry in self.history(id, MOST_FORGOTTEN, None).await?.items {
            commit.delete(entry.key());
        }
        Ok(())
    }
}
