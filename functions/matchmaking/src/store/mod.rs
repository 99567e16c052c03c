//! The group's table: one method per access pattern. Nothing else here knows
//! DynamoDB.

pub mod event_items;
pub mod items;
pub mod person;

use futures::future::try_join_all;
use jiff::Timestamp;
use serde_bytes::ByteBuf;
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::event::matchmaking::MatchmakingRunRequested;
use shared::http::Reply;
use shared::id::{EventId, RunId, UserId};
use shared::personal::{Erased, Erasure};
use shared::problem::Problem;
use shared::table::{Entity, Query, StoreError, Table};
use uuid::Uuid;

use crate::model::card::Card;
use crate::model::embedding::Embedder;
use crate::model::roster::Roster;
use crate::problems::BUSY;
use event_items::{EventCopy, Run, RunStatus, Settings, event_key, run_key};
use items::{
    Badge, Results, Row, SHARDS, badge_key, badge_partition, results_key, results_partition,
    user_partition,
};
use person::{Change, Person};

/// The group's table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    table: Table,
    embedder: Embedder,
}

/// What is known of an event, and a person's results for it.
#[derive(Debug)]
pub struct Board {
    /// The event, if it was heard of.
    pub event: Option<EventCopy>,
    /// What its organisers decided.
    pub settings: Settings,
    /// The person's results, unless they have expired.
    pub results: Option<Results>,
}

impl Store {
    /// Over the group's table.
    pub fn new(table: Table, embedder: Embedder) -> Self {
        Self { table, embedder }
    }

    /// Makes cards.
    pub fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.table.clock().now()
    }

    /// Everything about a person, consistently: one query of one partition.
    ///
    /// # Errors
    /// The read failed.
    pub async fn person(&self, user: UserId) -> Result<Person, StoreError> {
        let query = Query::partition(user_partition(user)).consistent();
        Ok(Person::of(user, self.table.query_all(query).await?))
    }

    /// Changes a person, with the badges that follow, and stores the reply.
    ///
    /// # Errors
    /// [`BUSY`] when the person was changed since it was read.
    pub async fn change_and_reply(
        &self,
        cx: &Context,
        before: &Person,
        change: Change,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        person::collect(&mut commit, &self.embedder, before, change);
        commit.finish(reply).await
    }

    /// Changes a person, with the badges that follow.
    ///
    /// # Errors
    /// As [`Store::change_and_reply`].
    pub async fn change(
        &self,
        cx: &Context,
        before: &Person,
        change: Change,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        person::collect(&mut commit, &self.embedder, before, change);
        commit.execute().await
    }

    /// The table behind it.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Whether somebody's account is gone.
    ///
    /// # Errors
    /// The read failed.
    pub async fn is_erased(&self, user: UserId) -> Result<bool, StoreError> {
        Erased::is(&self.table, user).await
    }

    /// Takes away all that is stored of a person whose account is gone: the member
    /// with the badges, and from then on nothing of theirs can be changed or
    /// made; then all the rest.
    ///
    /// # Errors
    /// A write failed; done again, it goes on.
    pub async fn erase(&self, mut erasure: Erasure<'_>) -> Result<(), CommitError> {
        let user = erasure.user();
        let person = self.person(user).await?;
        if person.member.version > 0 {
            let member = |commit: &mut Commit| {
                commit
                    .delete(person.member.key())
                    .when("#version = :version_read")
                    .bind(":version_read", person.member.version);
                for key in person.badge_keys() {
                    commit.delete(key);
                }
            };
            let profiles = usize::from(person.member.profile.is_some());
            erasure.portion("profiles", profiles, member).await?;
        }
        let theirs = || Query::partition(user_partition(user));
        let saved = theirs().begins_with("SAVED#");
        erasure.sweep("savedEvents", saved).await?;
        let answers = theirs().begins_with("ANSWERS#");
        erasure.sweep("answers", answers).await?;
        let attendances = theirs().begins_with("ATTENDS#");
        erasure.sweep("attendances", attendances).await?;
        let matches = Query::partition(results_partition(user));
        erasure.sweep("matches", matches).await?;
        erasure.finish().await
    }

    /// What a request for matches needs besides the person: one batch of reads.
    ///
    /// # Errors
    /// The read failed.
    pub async fn board(&self, event: EventId, user: UserId) -> Result<Board, StoreError> {
        let keys = [
            event_key(event, "EVENT"),
            event_key(event, "SETTINGS"),
            results_key(user, Some(event)),
        ];
        let mut board = Board {
            event: None,
            settings: Settings::new(event),
            results: None,
        };
        for row in self.table.batch_get::<Row>(&keys).await? {
            match row {
                Row::Event(event) => board.event = Some(event),
                Row::Settings(settings) => board.settings = settings,
                Row::Results(results) => board.results = Some(results),
                Row::Member(_) | Row::Saved(_) | Row::Answered(_) | Row::Attendance(_) => {}
            }
        }
        Ok(board)
    }

    /// The person's results over all events.
    ///
    /// # Errors
    /// The read failed.
    pub async fn overall(&self, user: UserId) -> Result<Option<Results>, StoreError> {
        self.table.get(&results_key(user, None)).await
    }

    /// Keeps results.
    ///
    /// # Errors
    /// The write failed.
    pub async fn keep(&self, cx: &Context, results: &Results) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.put(results);
        commit.execute().await
    }

    /// All people of an event, packed. Reads its partitions side by side: a
    /// read unit for every six people or so.
    ///
    /// # Errors
    /// The read failed.
    pub async fn roster(&self, event: EventId) -> Result<Roster, StoreError> {
        let shards = (0..SHARDS).map(|shard| self.shard(event, shard));
        let people = try_join_all(shards).await?.concat();
        Ok(Roster::new(people))
    }

    async fn shard(
        &self,
        event: EventId,
        shard: u8,
    ) -> Result<Vec<(UserId, u64, Card)>, StoreError> {
        let mut people = Vec::new();
        let mut after = None;
        loop {
            let query = Query::partition(badge_partition(event, shard)).after(after);
            let found = self.table.query::<Badge>(query).await?;
            people.extend(found.items.into_iter().filter_map(|badge| {
                let card = Card::unpack(&badge.card)?;
                Some((badge.user_id, badge.stamp, card))
            }));
            if found.next.is_none() {
                return Ok(people);
            }
            after = found.next;
        }
    }

    /// The badges of some people, in that order; who has none is left out.
    ///
    /// # Errors
    /// The read failed.
    pub async fn badges(&self, of: &[(EventId, UserId)]) -> Result<Vec<Badge>, StoreError> {
        let keys: Vec<_> = of
            .iter()
            .map(|(event, user)| badge_key(*event, *user))
            .collect();
        self.table.batch_get(&keys).await
    }

    /// Takes over what was heard of an event, unless it is older news.
    ///
    /// # Errors
    /// [`CommitError::Stale`] for older news.
    pub async fn hear(
        &self,
        cx: &Context,
        event: &EventCopy,
        sequence: u64,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.project(event, sequence);
        commit.execute().await
    }

    /// An event and what its organisers decided, consistently.
    ///
    /// # Errors
    /// The read failed.
    pub async fn event(&self, event: EventId) -> Result<(Option<EventCopy>, Settings), StoreError> {
        let query = Query::partition(event_key(event, "").pk).consistent();
        let mut found = (None, Settings::new(event));
        for row in self.table.query_all::<Row>(query).await? {
            match row {
                Row::Event(event) => found.0 = Some(event),
                Row::Settings(settings) => found.1 = settings,
                _ => {}
            }
        }
        Ok(found)
    }

    /// Stores what the organisers decided, and the reply.
    ///
    /// # Errors
    /// [`BUSY`] when it was changed since it was read.
    pub async fn decide(
        &self,
        cx: &Context,
        settings: &Settings,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        put_settings(&mut commit, settings);
        commit.finish(reply).await
    }

    /// Begins a run: earlier results become stale, the worker hears of it.
    ///
    /// # Errors
    /// [`BUSY`] when somebody else began one since the settings were read.
    pub async fn begin_run(
        &self,
        cx: &Context,
        settings: &Settings,
        run: &Run,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        put_settings(&mut commit, settings);
        commit.create(run);
        commit.publish(&next_chunk(run, None), 1);
        commit.finish(reply).await
    }

    /// A run.
    ///
    /// # Errors
    /// The read failed.
    pub async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        self.table.get_consistent(&run_key(run)).await
    }

    /// Notes how far a run is and, behind `after`, asks for its next chunk;
    /// once per event of the queue.
    ///
    /// # Errors
    /// [`CommitError::Duplicate`] when this chunk was noted before.
    pub async fn advance_run(
        &self,
        cx: &Context,
        run: &Run,
        after: Option<UserId>,
        chunk: (Uuid, u64),
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit.once(chunk.0);
        commit.put(run);
        if matches!(run.status, RunStatus::Running) && after.is_some() {
            commit.publish(&next_chunk(run, after), chunk.1 + 1);
        }
        commit.execute().await
    }
}

fn put_settings(commit: &mut Commit, settings: &Settings) {
    let action = if settings.version == 0 {
        commit.create(settings)
    } else {
        commit.replace(settings)
    };
    action.or(Problem::new(&BUSY));
}

fn next_chunk(run: &Run, after: Option<UserId>) -> MatchmakingRunRequested {
    MatchmakingRunRequested {
        run_id: run.run_id,
        event_id: run.event_id,
        requested_by: run.requested_by,
        after,
        done: run.done,
    }
}

/// Packs results: 36 bytes a match.
pub fn pack(found: &[(UserId, EventId, f32)]) -> ByteBuf {
    let mut bytes = Vec::with_capacity(36 * found.len());
    for (user, event, score) in found {
        bytes.extend(user.uuid().as_bytes());
        bytes.extend(event.uuid().as_bytes());
        bytes.extend(score.to_le_bytes());
    }
    ByteBuf::from(bytes)
}

/// Reads what [`pack`] wrote.
pub fn unpack(bytes: &[u8]) -> Vec<(UserId, EventId, f32)> {
    let read = |entry: &[u8; 36]| {
        let (user, rest) = entry.split_first_chunk::<16>()?;
        let (event, score) = rest.split_first_chunk::<16>()?;
        let score = f32::from_le_bytes(*score.first_chunk::<4>()?);
        let user = UserId::from_uuid(Uuid::from_bytes(*user));
        Some((user, EventId::from_uuid(Uuid::from_bytes(*event)), score))
    };
    bytes.as_chunks::<36>().0.iter().filter_map(read).collect()
}
