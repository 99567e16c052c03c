//! The atomic commit: state, domain events and the stored reply, all or nothing.
//!
//! A handler collects what must happen and commits once. One change alone is a
//! plain conditional write; anything more is one `TransactWriteItems`. Every
//! item carries the id of the commit that wrote it, so that an answer that was
//! lost on the way is not mistaken for a failed condition.

mod action;
mod error;
mod write;

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub use action::Action;
pub use error::{CommitError, Settled};

use crate::cx::Context;
use crate::digest;
use crate::event::{Contract, Event};
use crate::http::Reply;
use crate::idempotency::{self, StoredReply};
use crate::problem::{Problem, VERSION_CONFLICT};
use crate::table::{AnyItem, Entity, Key, StoreError, Table};
use action::Meaning;

/// How many actions DynamoDB takes in one transaction.
pub const MAX_ACTIONS: usize = 100;
/// How many actions of one chunk of a longer job; the rest is for its cursor,
/// its events and its dedupe record.
pub const CHUNK: usize = 90;
/// How long committed events can be published again.
pub const OUTBOX_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a worker remembers an event: longer than anything can come again
/// (outbox 7 days, queue 4, dead letters 14).
pub const SEEN_KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);
/// How many outbox partitions an hour has.
pub const OUTBOX_SHARDS: u8 = 8;
/// The largest event, in bytes of JSON.
pub const MAX_EVENT: usize = 64 * 1024;

/// What a request or an event changes, collected before it happens.
#[derive(Debug)]
pub struct Commit {
    table: Table,
    id: Uuid,
    now: Timestamp,
    cx: Context,
    actions: Vec<Action>,
    events: Vec<(String, Event)>,
    fault: Option<String>,
}

impl Commit {
    /// An empty commit to `table`.
    pub fn new(table: &Table, cx: &Context) -> Self {
        Self {
            now: table.clock().now(),
            table: table.clone(),
            id: Uuid::now_v7(),
            cx: cx.clone(),
            actions: Vec::new(),
            events: Vec::new(),
            fault: None,
        }
    }

    /// The instant that everything in this commit bears.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// How many actions it has so far; see [`CHUNK`].
    pub fn len(&self) -> usize {
        self.actions.len() + self.events.len()
    }

    /// Whether nothing would happen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entity must not exist yet; an expired one counts as absent.
    pub fn create<E: Entity>(&mut self, entity: &E) -> &mut Action {
        self.own().create(entity)
    }

    /// As [`Commit::create`], of an entity whose presence says that all of this
    /// was done before ([`CommitError::Duplicate`]): it spares the record that
    /// [`Commit::once`] would write, and must be kept as long.
    pub fn create_once<E: Entity>(&mut self, entity: &E) {
        self.create(entity).meaning = Meaning::Once;
    }

    /// The entity must still have the version that was read; it gets the next.
    pub fn replace<E: Entity>(&mut self, entity: &E) -> &mut Action {
        self.own().replace(entity)
    }

    /// Writes whatever stood there before.
    pub fn put<E: Entity>(&mut self, entity: &E) -> &mut Action {
        self.own().put(entity)
    }

    /// Writes a projection of another domain's state, unless what stands there
    /// came from the same or a later `sequence` ([`CommitError::Stale`]).
    pub fn project<E: Entity>(&mut self, entity: &E, sequence: u64) -> &mut Action {
        self.own().project(entity, sequence)
    }

    /// Removes an item.
    pub fn delete(&mut self, key: Key) -> &mut Action {
        self.own().delete(key)
    }

    /// Changes attributes of an item, which need not exist unless
    /// [`Action::when`] says so. A second update of the same item is the same
    /// action.
    pub fn update(&mut self, key: Key) -> &mut Action {
        self.own().update(key)
    }

    /// Only looks: the commit fails unless [`Action::when`] holds.
    pub fn check(&mut self, key: Key) -> &mut Action {
        self.own().check(key)
    }

    /// The same methods for another table, in the same transaction.
    pub fn within(&mut self, table: &Table) -> Scope<'_> {
        Scope {
            table: table.name.clone(),
            commit: self,
        }
    }

    fn own(&mut self) -> Scope<'_> {
        Scope {
            table: self.table.name.clone(),
            commit: self,
        }
    }

    /// Publishes an event when, and only when, this commit succeeds.
    /// `sequence` is the subject's version after it.
    pub fn publish<C: Contract>(&mut self, payload: &C, sequence: u64) {
        match Event::of(payload, sequence, self.now, &self.cx) {
            Ok(event) => match serde_json::to_string(&event) {
                Ok(text) if text.len() <= MAX_EVENT => self.events.push((text, event)),
                Ok(text) => self.fault(format!("{} has {} bytes", C::TYPE, text.len())),
                Err(err) => self.fault(format!("{}: {err}", C::TYPE)),
            },
            Err(err) => self.fault(format!("{}: {err}", C::TYPE)),
        }
    }

    /// Drops the whole commit ([`CommitError::Duplicate`]) if it was done
    /// before for the event `id`.
    pub fn once(&mut self, id: Uuid) -> &mut Action {
        self.once_for(&id.to_string())
    }

    /// Whether a commit with [`Commit::once`] was done for the event `id`: to spare
    /// what the commit does not hold.
    ///
    /// # Errors
    /// The store's.
    pub async fn was_done(table: &Table, id: Uuid) -> Result<bool, StoreError> {
        let mark: Option<AnyItem> = table.get_consistent(&seen(&id.to_string())).await?;
        Ok(mark.is_some())
    }

    /// As [`Commit::once`], for one part of a longer job.
    pub fn once_for(&mut self, part: &str) -> &mut Action {
        let (table, now) = (self.table.name.clone(), self.now);
        let action = self.push(Action::put(table, seen(part)));
        action.meaning = Meaning::Once;
        action.expire(now + SEEN_KEPT);
        action.must_be_absent(now)
    }

    /// Stores the reply under the request's Idempotency-Key, if it has one,
    /// and executes.
    ///
    /// # Errors
    /// The problem that the failed action declared, or 503/504.
    pub async fn finish(mut self, reply: Reply) -> Result<Reply, Problem> {
        let slot = self.cx.slot.clone();
        if let Some(slot) = &slot {
            let stored = StoredReply {
                pk: slot.key.pk.clone(),
                body_mac: slot.body.clone(),
                status: reply.status().as_u16(),
                headers: reply.stored_headers(),
                body: reply.body_text().to_owned(),
                expires: reply
                    .valid_until()
                    .map_or(self.now + idempotency::KEPT, |until| {
                        until.min(self.now + idempotency::KEPT)
                    }),
            };
            self.create(&stored).meaning = Meaning::Reply;
        }
        self.execute().await?;
        if let Some(slot) = slot {
            slot.fill();
        }
        Ok(reply)
    }

    /// Does it: everything, or nothing.
    ///
    /// # Errors
    /// [`CommitError`]; on [`CommitError::Deadline`] and
    /// [`CommitError::Store`] it is unknown whether it happened.
    pub async fn execute(mut self) -> Result<(), CommitError> {
        for (text, event) in std::mem::take(&mut self.events) {
            self.outbox(&text, &event);
        }
        if let Some(fault) = self.fault {
            return Err(CommitError::Invalid(fault));
        }
        if self.actions.len() > MAX_ACTIONS {
            let count = self.actions.len();
            return Err(CommitError::Invalid(format!("{count} actions")));
        }
        write::execute(&self.table.client, self.id, &mut self.actions, &self.cx).await
    }

    fn outbox(&mut self, text: &str, event: &Event) {
        let key = outbox_key(event);
        let (table, now) = (self.table.name.clone(), self.now);
        let action = self.push(Action::put(table, key));
        action.attribute("kind", AttributeValue::S("outbox".into()));
        action.attribute("type", AttributeValue::S(event.kind.clone()));
        action.attribute("event", AttributeValue::S(text.to_owned()));
        action.expire(now + OUTBOX_KEPT);
    }

    fn push(&mut self, action: Action) -> &mut Action {
        let taken = self
            .actions
            .iter()
            .position(|other| other.table == action.table && other.key == action.key);
        let at = match taken {
            Some(at) if self.actions[at].merges_with(&action) => at,
            other => {
                if other.is_some() {
                    self.fault(format!("two changes of {:?}", action.key));
                }
                self.actions.push(action);
                self.actions.len() - 1
            }
        };
        &mut self.actions[at]
    }

    fn fault(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

fn seen(part: &str) -> Key {
    Key::new(format!("SEEN#{part}"), "SEEN")
}

/// Where an event stands in the outbox of its table: by hour, and by a shard
/// that is the hash of its subject.
pub fn outbox_key(event: &Event) -> Key {
    let hash = digest::sha256(&[event.subject.as_bytes()]);
    let shard = hash.as_bytes()[0] % OUTBOX_SHARDS;
    Key::new(outbox_partition(event.time, shard), event.id.to_string())
}

/// The outbox partition of an hour and a shard.
pub fn outbox_partition(time: Timestamp, shard: u8) -> String {
    let hour = time.strftime("%Y-%m-%dT%H");
    format!("OUTBOX#{hour}#{shard}")
}

/// The changes of a commit to one table.
#[derive(Debug)]
pub struct Scope<'a> {
    commit: &'a mut Commit,
    table: Arc<str>,
}

impl<'a> Scope<'a> {
    fn item<E: Entity>(self, entity: &E) -> (&'a mut Action, Timestamp) {
        let (table, now) = (self.table, self.commit.now);
        let mut action = Action::put(table, entity.key());
        if let Err(err) = action.fill(entity) {
            self.commit.fault(format!("{}: {err}", E::KIND));
        }
        (self.commit.push(action), now)
    }

    /// See [`Commit::create`].
    pub fn create<E: Entity>(self, entity: &E) -> &'a mut Action {
        let (action, now) = self.item(entity);
        action.attribute("version", AttributeValue::N("1".into()));
        action.must_be_absent(now)
    }

    /// See [`Commit::replace`].
    pub fn replace<E: Entity>(self, entity: &E) -> &'a mut Action {
        let (action, _) = self.item(entity);
        let read = entity.version();
        action.attribute("version", AttributeValue::N((read + 1).to_string()));
        action
            .when("#version = :version_read")
            .bind(":version_read", read)
            .or(Problem::new(&VERSION_CONFLICT).detail("It was changed by somebody else."))
    }

    /// See [`Commit::put`].
    pub fn put<E: Entity>(self, entity: &E) -> &'a mut Action {
        self.item(entity).0
    }

    /// See [`Commit::project`].
    pub fn project<E: Entity>(self, entity: &E, sequence: u64) -> &'a mut Action {
        let (action, now) = self.item(entity);
        action.meaning = Meaning::Projection;
        action.attribute("seq", AttributeValue::N(sequence.to_string()));
        action
            .when("(attribute_not_exists(#pk) OR attribute_not_exists(#seq) OR #seq < :seq_new OR #ttl <= :now)")
            .bind(":seq_new", sequence)
            .bind(":now", now.as_second())
    }

    /// See [`Commit::delete`].
    pub fn delete(self, key: Key) -> &'a mut Action {
        self.commit.push(Action::delete(self.table, key))
    }

    /// See [`Commit::update`].
    pub fn update(self, key: Key) -> &'a mut Action {
        self.commit.push(Action::update(self.table, key))
    }

    /// See [`Commit::check`].
    pub fn check(self, key: Key) -> &'a mut Action {
        self.commit.push(Action::check(self.table, key))
    }
}
