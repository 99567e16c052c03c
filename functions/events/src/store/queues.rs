//! The waitlist as it stands: under the event's own key, read consistently.

use futures::future::{try_join_all, try_join3};
use shared::id::EventId;
use shared::problem::Problem;
use shared::table::{Found, Index, Position, Query, StoreError};

use super::{OFFERS, Store};
use crate::model::{Admission, Counts, Event, Queues, Registration, Waiting};

/// How many are read at once behind those who can never be served.
const PASSED_AT_ONCE: u32 = 100;

/// How many are counted to tell somebody a place on the waitlist.
pub const COUNTED: u32 = 1000;

/// An event and all that decides on its places.
#[derive(Debug, Clone)]
pub struct Hall {
    /// The event.
    pub event: Event,
    /// Its counts.
    pub counts: Counts,
    /// How people get in.
    pub admission: Admission,
    /// Those who wait longest, of each ticket type.
    pub queues: Queues,
}

impl Store {
    /// An event with its admission and, where somebody waits, the first
    /// `depth` of each queue.
    pub async fn hall(&self, id: EventId, depth: u32) -> Result<Option<Hall>, StoreError> {
        let (found, admission) = Box::pin(futures::future::try_join(
            self.with_counts(id),
            self.admission(id),
        ))
        .await?;
        let Some((event, counts)) = found else {
            return Ok(None);
        };
        let queues = self.queues(&counts, depth).await?;
        Ok(Some(Hall {
            event,
            counts,
            admission,
            queues,
        }))
    }

    async fn queues(&self, counts: &Counts, depth: u32) -> Result<Queues, StoreError> {
        let kinds = counts.waited_for();
        let read = kinds
            .into_iter()
            .map(|kind| self.queue(counts, kind, depth));
        Ok(Queues(try_join_all(read).await?))
    }

    /// The first of a queue, until `depth` are among them who can get a place
    /// some day.
    async fn queue(
        &self,
        counts: &Counts,
        kind: &str,
        depth: u32,
    ) -> Result<Vec<Waiting>, StoreError> {
        let (mut first, mut limit, mut after) = (Vec::new(), depth, None);
        let mut missing = depth as usize;
        loop {
            let query = range(counts.id, kind, None).consistent();
            let query = query.limit(limit).after(after);
            let page = self.table.query::<Waiting>(query).await?;
            let hopeful = |entry: &&Waiting| counts.could_hold(kind, entry.quantity);
            missing = missing.saturating_sub(page.items.iter().filter(hopeful).count());
            first.extend(page.items);
            (limit, after) = (PASSED_AT_ONCE, page.next);
            if missing == 0 || after.is_none() {
                return Ok(first);
            }
        }
    }

    /// The registrations of those who wait, in the same order.
    pub async fn heirs(&self, waiting: &[Waiting]) -> Result<Vec<Registration>, StoreError> {
        let read = waiting
            .iter()
            .map(|entry| self.registration(entry.event_id, entry.user_id));
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    /// How many stand on a ticket type's waitlist, before `order` if it is
    /// given; at most [`COUNTED`], for the list may be long. Eventually
    /// consistent: it is read often, beside what sells the places.
    pub async fn ahead(
        &self,
        event: EventId,
        kind: &str,
        order: Option<&str>,
    ) -> Result<usize, StoreError> {
        let query = range(event, kind, order).limit(COUNTED + 1);
        let found = self.table.query::<Waiting>(query).await?;
        let before = |entry: &&Waiting| order.is_none_or(|order| entry.order.as_str() < order);
        let before = found.items.iter().filter(before).count();
        Ok(before.min(COUNTED as usize))
    }

    /// Offers that end before `until`, the oldest first; only a hint.
    pub async fn offers_before(
        &self,
        until: jiff::Timestamp,
        after: Option<Position>,
    ) -> Result<Found<Registration>, StoreError> {
        let query = Query::partition(OFFERS)
            .index(Index::Gsi2)
            .between("0", format!("{until}#~"))
            .limit(100);
        self.table.query(query.after(after)).await
    }

    /// An event with its counts, its admission and a person's registration.
    ///
    /// # Errors
    /// 404 without the event.
    pub async fn with_registration(
        &self,
        id: EventId,
        user: shared::id::UserId,
    ) -> Result<(Event, Counts, Option<Registration>), Problem> {
        let (found, registration) = Box::pin(futures::future::try_join(
            self.with_counts(id),
            self.registration(id, user),
        ))
        .await?;
        let (event, counts) = found.ok_or_else(|| Problem::not_found("The event"))?;
        Ok((event, counts, registration))
    }

    /// What a new registration needs to know.
    ///
    /// # Errors
    /// 404 without the event.
    pub async fn entrance(
        &self,
        id: EventId,
        user: shared::id::UserId,
    ) -> Result<(Hall, Option<Registration>), Problem> {
        let (found, admission, before) = Box::pin(try_join3(
            self.with_counts(id),
            self.admission(id),
            self.registration(id, user),
        ))
        .await?;
        let (event, counts) = found.ok_or_else(|| Problem::not_found("The event"))?;
        let queues = self.queues(&counts, 1).await?;
        let hall = Hall {
            event,
            counts,
            admission,
            queues,
        };
        Ok((hall, before))
    }
}

/// The entries of a ticket type, up to and with `order`.
fn range(event: EventId, kind: &str, last: Option<&str>) -> Query {
    let first = Waiting::range_of(kind);
    // Orders begin with a digit: `:` follows the digits.
    let last = last.unwrap_or(":");
    Query::partition(format!("EVENT#{event}"))
        .between(format!("{first}0"), format!("{first}{last}"))
}
