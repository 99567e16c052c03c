//! Notices of changes, and those who keep an event.

use shared::commit::Commit;
use shared::id::{EventId, UserId};
use shared::problem::{CONFLICT, Problem};
use shared::table::{Entity, Found, Index, Position, Query, StoreError};

use super::Store;
use crate::model::{ChangeNotice, Event, Registration, Saved, savers};

impl Store {
    /// The notice that waits for an event.
    pub async fn notice(&self, event: EventId) -> Result<Option<ChangeNotice>, StoreError> {
        self.table
            .get_consistent(&ChangeNotice::key_of(event))
            .await
    }

    /// Puts into a commit what attendees will have to hear of the change that
    /// it makes.
    ///
    /// # Errors
    /// The notice that waits already cannot be read.
    pub async fn note_change(
        &self,
        commit: &mut Commit,
        before: &Event,
        after: &Event,
        actor: Option<UserId>,
    ) -> Result<(), StoreError> {
        let waiting = self.notice(before.id).await?;
        let now = commit.now();
        if let Some(notice) = ChangeNotice::after(waiting.as_ref(), before, after, actor, now) {
            // Condition and version see to it that what goes out at this moment
            // is noticed.
            match waiting {
                Some(_) => commit.replace(&notice),
                None => commit.create(&notice),
            }
            .or(Problem::new(&CONFLICT).detail("Attendees are being told of a change right now."));
        }
        Ok(())
    }

    /// Notices that are due.
    pub async fn due_notices(&self, until: jiff::Timestamp) -> Result<Vec<EventId>, StoreError> {
        let query = Query::partition("NOTICES")
            .index(Index::Gsi1)
            .between("0", format!("{until}~"))
            .limit(50);
        let found = self.table.query::<ChangeNotice>(query).await?;
        Ok(found.items.iter().map(|notice| notice.event_id).collect())
    }

    /// A page of those who keep an event.
    pub async fn savers(
        &self,
        event: EventId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Saved>, StoreError> {
        let query = Query::partition(savers(event))
            .index(Index::Gsi1)
            .limit(limit);
        self.table.query(query.after(after)).await
    }

    /// Who of these people is registered, or waits.
    pub async fn registered_of(
        &self,
        event: EventId,
        people: &[UserId],
    ) -> Result<Vec<Registration>, StoreError> {
        let keys: Vec<_> = people
            .iter()
            .map(|user| Registration::key_of(event, *user))
            .collect();
        self.table.batch_get(&keys).await
    }
}

/// Takes a notice away that has reached everybody, unless it began anew.
pub fn done(commit: &mut Commit, notice: &ChangeNotice) {
    commit
        .delete(notice.key())
        .when("#version = :read")
        .bind(":read", notice.version);
}
