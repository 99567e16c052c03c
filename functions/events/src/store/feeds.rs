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
/// How many pages of saved events, and of what was saved once, are looked through.
const MOST_PAGES: usize = 5;

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

    /// Those of the events that a person keeps that were created last. What was
    /// let go of is passed over.
    pub async fn newest_saved(&self, user: UserId) -> Result<Vec<EventId>, StoreError> {
        let most = MOST_SHOWN as usize;
        let mut kept = Vec::new();
        let mut after = None;
        for _ in 0..MOST_PAGES {
            let query = Query::partition(format!("USER#{user}"))
                .begins_with("SAVED#")
                .descending()
                .limit(MOST_SHOWN)
                .after(after);
            let found = self.table.query::<Saved>(query).await?;
            let saved = found.items.into_iter().filter(|item| item.saved);
            kept.extend(saved.map(|item| item.event_id).take(most - kept.len()));
            after = found.next;
            if after.is_none() || kept.len() == most {
                break;
            }
        }
        Ok(kept)
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
