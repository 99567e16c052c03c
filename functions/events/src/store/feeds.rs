//! Secret calendars, and what stands in them.

use shared::commit::Commit;
use shared::id::{EventId, FeedId, UserId};
use shared::problem::Problem;
use shared::table::{Entity, Query, StoreError};

use super::Store;
use crate::model::{Feed, FeedDoor, MOST_FEEDS, Registration, Saved, Secret};

/// How many registrations, and how many saved events, a calendar shows: the
/// newest.
const MOST_SHOWN: u32 = 200;

impl Store {
    /// A person's calendars.
    pub async fn feeds_of(&self, user: UserId) -> Result<Vec<Feed>, StoreError> {
        let query = Query::partition(format!("USER#{user}"))
            .begins_with("FEED#")
            .limit(u32::try_from(MOST_FEEDS).unwrap_or(u32::MAX) * 2)
            .consistent();
        Ok(self.table.query(query).await?.items)
    }

    /// One of a person's calendars.
    pub async fn feed(&self, user: UserId, id: FeedId) -> Result<Option<Feed>, StoreError> {
        self.table.get_consistent(&Feed::key_of(user, id)).await
    }

    /// The calendar behind a secret.
    pub async fn feed_behind(&self, secret: &Secret) -> Result<Option<Feed>, StoreError> {
        let door: Option<FeedDoor> = self
            .table
            .get_consistent(&FeedDoor::key_of(&secret.hash()))
            .await?;
        match door {
            Some(door) => self.feed(door.user_id, door.feed_id).await,
            None => Ok(None),
        }
    }

    /// A person's newest registrations, whatever became of them.
    pub async fn newest_registrations(
        &self,
        user: UserId,
    ) -> Result<Vec<Registration>, StoreError> {
        let found = self.registrations_of(user, MOST_SHOWN, None).await?;
        Ok(found.items)
    }

    /// The newest events that a person keeps.
    pub async fn newest_saved(&self, user: UserId) -> Result<Vec<EventId>, StoreError> {
        let query = Query::partition(format!("USER#{user}"))
            .begins_with("SAVED#")
            .descending()
            .limit(MOST_SHOWN);
        let found = self.table.query::<Saved>(query).await?;
        let kept = found.items.into_iter().filter(|item| item.saved);
        Ok(kept.map(|item| item.event_id).collect())
    }
}

/// Puts a new calendar into a commit.
pub fn open(commit: &mut Commit, feed: &Feed) {
    commit.create(feed);
    commit.create(&FeedDoor {
        hash: feed.hash.clone(),
        user_id: feed.user_id,
        feed_id: feed.id,
    });
}

/// Takes a calendar away: its address is dead at once.
pub fn close(commit: &mut Commit, feed: &Feed) {
    commit
        .delete(feed.key())
        .when("attribute_exists(#pk)")
        .or(Problem::not_found("The calendar"));
    commit.delete(FeedDoor::key_of(&feed.hash));
}
