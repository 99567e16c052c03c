//! Feedback and its sums.

use shared::commit::Commit;
use shared::id::{EventId, UserId};
use shared::problem::{CONFLICT, Problem};
use shared::table::{Found, Position, Query, StoreError};

use super::Store;
use crate::model::{Feedback, FeedbackGiver, Ratings};

impl Store {
    /// A person's feedback.
    pub async fn feedback(
        &self,
        event: EventId,
        user: UserId,
    ) -> Result<Option<Feedback>, StoreError> {
        let giver: Option<FeedbackGiver> = self
            .table
            .get_consistent(&FeedbackGiver::key_of(user, event))
            .await?;
        match giver {
            Some(giver) => {
                let key = Feedback::key_of(event, &giver.feedback);
                self.table.get_consistent(&key).await
            }
            None => Ok(None),
        }
    }

    /// The sums of an event's ratings.
    pub async fn ratings(&self, event: EventId) -> Result<Ratings, StoreError> {
        let found = self.table.get_consistent(&Ratings::key_of(event)).await?;
        Ok(found.unwrap_or_default())
    }

    /// A page of an event's feedback.
    pub async fn feedbacks(
        &self,
        event: EventId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Feedback>, StoreError> {
        let query = Query::partition(format!("FEEDBACK#{event}"))
            .begins_with("ONE#")
            .consistent();
        self.table.query(query.limit(limit).after(after)).await
    }

    /// Keeps a person's feedback in place of what they said before; the sums
    /// follow.
    pub fn give_feedback(
        &self,
        commit: &mut Commit,
        user: UserId,
        before: Option<&Feedback>,
        next: &Feedback,
    ) {
        let twice = Problem::new(&CONFLICT).detail("You are doing this twice at the same time.");
        if before.is_some() {
            commit.replace(next).or(twice);
        } else {
            let giver = FeedbackGiver {
                user_id: user,
                event_id: next.event_id,
                feedback: next.id.clone(),
            };
            commit.create(&giver).or(twice);
            commit.create(next);
        }
        let was = before.map(|before| before.rating);
        if was == Some(next.rating) {
            return;
        }
        let sums = commit.update(Ratings::key_of(next.event_id));
        sums.add(&Ratings::attribute(next.rating), 1);
        if let Some(was) = was {
            sums.add(&Ratings::attribute(was), -1);
        }
    }
}
