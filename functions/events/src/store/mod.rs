//! The events table: the only file set that knows DynamoDB. One method per
//! access pattern; whatever must not rest on an index reads consistently.
//!
//! | what | pk | sk | gsi1 | gsi2 |
//! |---|---|---|---|---|
//! | admission | `EVENT#<id>` | `ADMISSION` | | |
//! | event | `EVENT#<id>` | `EVENT` | `PUBLISHED` by time, while published | owner by time |
//! | history | `EVENT#<id>` | `HIST#<version>[#ADMISSION]` | | |
//! | counts | `EVENT#<id>` | `COUNTS` | | |
//! | registration | `EVENT#<id>` | `REG#<user>` | `USER#<user>` by id | `OFFERS` by end, while offered |
//! | waitlist entry | `EVENT#<id>` | `WAIT#[<ticket type>#]<order>` | | |
//! | scan | `DOOR#<event>` | `SCAN#<device>#<nonce>` | | |
//! | presence | `DOOR#<event>` | `AT#<list>#<registration>#<number>` | | |
//! | attendance | `DOOR#<event>` | `COUNT#<list>` | | |
//! | feedback, ratings | `FEEDBACK#<event>` | `ONE#<random>`, `RATINGS` | | |
//! | feedback-giver | `USER#<user>` | `FEEDBACK#<event>` | | |
//! | ticket keys | `TICKETKEYS` | `SECRET`, `SECRET#NEXT`, `PUBLIC#<kid>` | | |
//! | saved event | `USER#<user>` | `SAVED#<event>` | `SAVERS#<event>` by user, while saved | |
//! | what is left of a job | `JOB#<what>#<id>` | `JOB` | `JOBS` by turn | |
//! | notice of a change | `EVENT#<id>` | `NOTICE` | `NOTICES` by time | |
//! | secret calendar | `USER#<user>` | `FEED#<feed>` | | |
//! | way to a calendar | `FEED#<hash>` | `FEED` | | |
//! | letters of a day | `LETTERS#<hash of recipient, or sender>#<day>` | `RECEIVED`, `SENT` | | |
//! | event's cards | `FIND#<shelf>` | `<begin>#<event>` | | |
//! | venue | `VENUE#<id>` | `VENUE` | | |
//! | venue's cards | `VENUES#<shelf>` | `<name>#<id>` | | |
//! | trace in what belongs to others | `USER#<user>` | `TRACE#<where>` | | |
//! | connection's copy | `USER#<user>` | `CONN#<other>` | | |
//! | interests' copy | `USER#<user>` | `INTERESTS` | | |
//! | organisation's copy | `ORG#<org>` | `SETTINGS` | | |
//! | erasure of an account | `ERASED#<user>` | `ERASED` | | |

mod connections;
mod door;
pub mod erasing;
pub mod family;
mod feedback;
pub mod feeds;
mod guard;
mod history;
pub mod jobs;
mod letters;
pub mod notices;
mod queues;
mod release;
mod removal;
mod seats;
mod settling;
pub mod shelves;
mod telling;
mod ticket_keys;
mod traces;

use shared::commit::Commit;
use shared::cx::Context;
use shared::id::{EventId, OrganizationId, UserId};
use shared::problem::{Problem, UNAVAILABLE};
use shared::table::{Entity, Found, Index, Position, Query, StoreError, Table};

use crate::model::{
    Admission, Counts, Event, Filter, Interests, Organization, Registration, Saved,
};

pub use door::TOLD_BEFORE;
pub use guard::Guard;
pub use letters::{Sender, letter};
pub use queues::{COUNTED, Hall};
pub use release::HEIRS;
pub use seats::{Seats, erase, moved, registration_event};
pub use telling::{News, guest_noticed, share, share_anew};
pub use ticket_keys::{TicketKey, TicketSecret};
pub use traces::{chronicle, must_have_account, trace, untrace};

/// The index partition of everything that is published.
pub const PUBLISHED: &str = "PUBLISHED";
/// The index partition of all open offers.
pub const OFFERS: &str = "OFFERS";
/// How many events one page reads at most, whatever the filter lets through.
const MOST_READ: u32 = 200;
/// How many it reads at once.
const READ_AT_ONCE: u32 = 50;

/// Whose events a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// An organisation's, whatever their status.
    Organization(OrganizationId),
    /// A person's own.
    Person(UserId),
}

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    table: Table,
}

impl Store {
    /// On top of `table`.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// The table itself, for what all groups do with theirs.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// An empty commit.
    pub fn commit(&self, cx: &Context) -> Commit {
        Commit::new(&self.table, cx)
    }

    /// This instant.
    pub fn now(&self) -> jiff::Timestamp {
        self.table.clock().now()
    }

    /// An event with its counts.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn event(&self, id: EventId) -> Result<(Event, Counts), Problem> {
        self.with_counts(id)
            .await?
            .ok_or_else(|| Problem::not_found("The event"))
    }

    /// An event and its counts, if it exists.
    pub async fn with_counts(&self, id: EventId) -> Result<Option<(Event, Counts)>, StoreError> {
        let (counts, event) = self
            .table
            .pair(&Counts::key_of(id), &Event::key_of(id))
            .await?;
        Ok(event.zip(counts))
    }

    /// The event alone, if it exists.
    pub async fn find(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        self.table.get_consistent(&Event::key_of(id)).await
    }

    /// The counts of several events; eventually consistent, for lists.
    pub async fn counts_of(&self, ids: &[EventId]) -> Result<Vec<Counts>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| Counts::key_of(*id)).collect();
        self.table.batch_get(&keys).await
    }

    /// Several events; eventually consistent, for lists.
    pub async fn events_of(&self, ids: &[EventId]) -> Result<Vec<Event>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| Event::key_of(*id)).collect();
        self.table.batch_get(&keys).await
    }

    /// A page of an owner's events by time, whatever their status. It reads at
    /// most 200 and may come back short with more to come.
    pub async fn list(
        &self,
        owner: &Owner,
        filter: &Filter,
        wanted: impl Fn(&Event) -> bool,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Event>, StoreError> {
        let query = match owner {
            Owner::Organization(id) => Query::partition(format!("ORG#{id}")).index(Index::Gsi2),
            Owner::Person(id) => Query::partition(format!("USER#{id}")).index(Index::Gsi2),
        };
        let mut page = Found {
            items: Vec::new(),
            next: after,
        };
        let mut read = 0;
        while read < MOST_READ {
            let query = query.clone().limit(READ_AT_ONCE).after(page.next.take());
            let found = self.table.query::<Event>(query).await?;
            read += READ_AT_ONCE;
            for event in found.items {
                let position = position_of(&event);
                if filter.admits(&event) && wanted(&event) {
                    page.items.push(event);
                }
                if page.items.len() as u64 == u64::from(limit) {
                    page.next = Some(position);
                    return Ok(page);
                }
            }
            page.next = found.next;
            if page.next.is_none() {
                break;
            }
        }
        Ok(page)
    }

    /// Published events that begin before `until`, the oldest first.
    pub async fn published_before(
        &self,
        until: jiff::Timestamp,
        after: Option<Position>,
    ) -> Result<Found<Event>, StoreError> {
        let query = Query::partition(PUBLISHED)
            .index(Index::Gsi1)
            .between("0", until.to_string())
            .limit(READ_AT_ONCE);
        self.table.query(query.after(after)).await
    }

    /// What is known of an organisation.
    ///
    /// # Errors
    /// 503 while its creation has not arrived here yet.
    pub async fn organization(&self, id: OrganizationId) -> Result<Organization, Problem> {
        let copy: Option<Organization> =
            self.table.get_consistent(&Organization::key_of(id)).await?;
        match copy {
            Some(copy) if copy.deleted => Err(Problem::not_found("The organization")),
            Some(copy) => Ok(copy),
            None => Err(Problem::new(&UNAVAILABLE)
                .detail("The organization is so new that its settings are not known here yet.")
                .header(http::header::RETRY_AFTER, "1")),
        }
    }

    /// Whether and how a person keeps an event.
    pub async fn saved(&self, user: UserId, event: EventId) -> Result<Option<Saved>, StoreError> {
        self.table.get_consistent(&Saved::key_of(user, event)).await
    }

    /// A page of what a person keeps.
    pub async fn saved_by(
        &self,
        user: UserId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Saved>, StoreError> {
        let query = Query::partition(format!("USER#{user}")).begins_with("SAVED#");
        let mut found: Found<Saved> = self.table.query(query.limit(limit).after(after)).await?;
        found.items.retain(|item| item.saved);
        Ok(found)
    }

    /// What a person says to be interested in.
    pub async fn interests(&self, user: UserId) -> Result<Vec<String>, StoreError> {
        let known: Option<Interests> = self.table.get(&Interests::key_of(user)).await?;
        Ok(known.map(|known| known.tags).unwrap_or_default())
    }

    /// A person's registration for an event.
    pub async fn registration(
        &self,
        event: EventId,
        user: UserId,
    ) -> Result<Option<Registration>, StoreError> {
        self.table
            .get_consistent(&Registration::key_of(event, user))
            .await
    }

    /// A page of an event's registrations.
    pub async fn registrations(
        &self,
        event: EventId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Registration>, StoreError> {
        let query = Query::partition(format!("EVENT#{event}"))
            .begins_with("REG#")
            .consistent();
        self.table.query(query.limit(limit).after(after)).await
    }

    /// A page of a person's registrations, the newest first.
    pub async fn registrations_of(
        &self,
        user: UserId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Registration>, StoreError> {
        let query = Query::partition(format!("USER#{user}"))
            .index(Index::Gsi1)
            .begins_with("REG#")
            .descending();
        self.table.query(query.limit(limit).after(after)).await
    }

    /// How people get into several events; eventually consistent, for lists.
    /// Of events whose organiser said nothing, there is none.
    pub async fn admissions_of(&self, ids: &[EventId]) -> Result<Vec<Admission>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| Admission::key_of(*id)).collect();
        self.table.batch_get(&keys).await
    }

    /// How people get into an event.
    pub async fn admission(&self, event: EventId) -> Result<Admission, StoreError> {
        let found = self.table.get_consistent(&Admission::key_of(event)).await?;
        Ok(found.unwrap_or_else(|| Admission::standard(event)))
    }
}

/// Where an event stands in the index that lists it.
fn position_of(event: &Event) -> Position {
    Position {
        key: event.key(),
        index_sk: Some(event.time_key()),
    }
}
