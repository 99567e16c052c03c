//! The ledger with its queue, and what the groups would publish.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use plenary_platform::audit::AuditStore;
use plenary_platform::operations::{Ledger, OperationStore};
use plenary_platform::worker::Worker;
use serde_json::Value;
use shared::event::operations::{
    SagaStepCompleted, UserDeleted, UserDeletionCancelled, UserDeletionRequested,
    UserExportRequested,
};
use shared::event::{Contract, Event};
use shared::id::{OperationId, UserId};
use shared::personal::{GROUPS, part_key};
use shared::table::Table;
use shared::testing::{Shelf, TestReply, TestUser, event};

use crate::audit::batch;
use crate::health::Setup;

/// A file of an export, opened.
pub struct Files(BTreeMap<String, String>);

impl Files {
    pub fn of(bytes: &[u8]) -> Self {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut files = BTreeMap::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            files.insert(file.name().unwrap().into_owned(), text);
        }
        Self(files)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn text(&self, name: &str) -> &str {
        &self.0[name]
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(self.text(name)).unwrap()
    }
}

pub fn deletion_requested(user_id: UserId, operation_id: OperationId) -> Event {
    let erase_at = shared::testing::now() + SignedDuration::from_hours(14 * 24);
    after(
        &UserDeletionRequested {
            user_id,
            operation_id,
            erase_at,
        },
        0,
    )
}

pub fn deletion_cancelled(user_id: UserId, operation_id: OperationId) -> Event {
    let payload = UserDeletionCancelled {
        user_id,
        operation_id,
    };
    after(&payload, 1)
}

pub fn deleted(user_id: UserId, operation_id: OperationId) -> Event {
    let payload = UserDeleted {
        user_id,
        operation_id,
    };
    after(&payload, 2)
}

pub fn export_requested(user_id: UserId, operation_id: OperationId) -> Event {
    let payload = UserExportRequested {
        user_id,
        operation_id,
    };
    after(&payload, 0)
}

pub fn step(operation_id: OperationId, group: &str, count: u64) -> Event {
    let payload = SagaStepCompleted {
        operation_id,
        group: group.to_owned(),
        counts: BTreeMap::from([("items".to_owned(), count)]),
    };
    after(&payload, 3)
}

/// So many seconds after the beginning.
fn after<C: Contract>(payload: &C, second: i64) -> Event {
    let mut event = event(payload, 1);
    event.time += SignedDuration::from_secs(second);
    event
}

/// All that the other groups publish of a deletion.
pub fn whole_deletion(user: UserId, id: OperationId) -> Vec<Event> {
    let mut events = vec![deletion_requested(user, id), deleted(user, id)];
    events.extend(GROUPS.map(|group| step(id, group, 1)));
    events
}

pub struct Stage {
    pub setup: Setup,
}

impl Stage {
    pub async fn new() -> Self {
        Self {
            setup: Setup::start().await,
        }
    }

    /// How many messages failed.
    pub async fn deliver(&self, events: &[Event]) -> usize {
        let response = self.setup.worker.handle(batch(events)).await;
        response.batch_item_failures.len()
    }

    pub async fn tell(&self, events: &[Event]) {
        assert_eq!(self.deliver(events).await, 0);
    }

    /// What the group itself published comes to it, as by the topic.
    pub async fn tell_own(&self) {
        let own = self.told("saga.step.completed").await;
        self.tell(&own).await;
    }

    pub fn put_parts(&self, id: OperationId) {
        for group in GROUPS {
            let part = format!("{{\"from\": \"{group}\"}}");
            self.setup
                .exports
                .put(&part_key(id, group), part.as_bytes());
        }
    }

    /// Every group writes its part and says so.
    pub async fn answer(&self, id: OperationId) {
        self.put_parts(id);
        for group in GROUPS {
            self.tell(&[step(id, group, 3)]).await;
        }
    }

    /// The worker over the same shelf, and other tables.
    pub fn worker(&self, audit: &Table, ledger: &Table) -> Worker<Shelf> {
        Worker {
            audit: AuditStore::new(audit.clone()),
            ledger: Ledger::new(
                OperationStore::new(ledger.clone()),
                self.setup.exports.clone(),
            ),
        }
    }

    /// A table that does not exist.
    fn nowhere(&self) -> Table {
        let table = self.setup.world.table();
        Table::new(table.client().clone(), "nowhere", table.clock().clone())
    }

    pub async fn deliver_without_audit(&self, events: &[Event]) -> Vec<String> {
        let worker = self.worker(&self.nowhere(), self.setup.world.table());
        failed(&worker, events).await
    }

    pub async fn deliver_without_ledger(&self, events: &[Event]) -> Vec<String> {
        let worker = self.worker(self.setup.audit.table(), &self.nowhere());
        failed(&worker, events).await
    }

    /// How many entries the platform's chain has.
    pub async fn audited(&self) -> u64 {
        self.setup.audit.head("platform").await.unwrap().sequence
    }

    pub async fn told(&self, kind: &str) -> Vec<Event> {
        let mut events = self.setup.world.outbox(self.setup.world.table()).await;
        events.retain(|event| event.kind == kind);
        events
    }

    pub async fn read(&self, id: OperationId) -> TestReply {
        let path = format!("/v1/operations/{id}");
        self.setup.api.get(&path).send().await
    }

    pub async fn read_as(&self, id: OperationId, who: &TestUser) -> TestReply {
        let path = format!("/v1/operations/{id}");
        self.setup.api.get(&path).bearer(who).send().await
    }

    pub async fn listed(&self, who: &TestUser) -> Vec<String> {
        let who = self.again(who);
        let reply = self
            .setup
            .api
            .get("/v1/operations")
            .bearer(&who)
            .send()
            .await;
        let items = reply.expect(200).body["items"].as_array().unwrap().clone();
        let ids = items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned());
        ids.collect()
    }

    /// The same person with a fresh token.
    pub fn again(&self, who: &TestUser) -> TestUser {
        let world = &self.setup.world;
        TestUser {
            token: world.token(&world.claims(who.id, who.session)),
            ..who.clone()
        }
    }

    /// The partitions in which somebody is named and that are not expired, but
    /// for what is on its way.
    pub async fn items_that_name(&self, user: UserId) -> Vec<String> {
        let world = &self.setup.world;
        let now: Timestamp = world.clock.now();
        let mut named: Vec<String> = world
            .db
            .items(world.table())
            .await
            .into_iter()
            .filter(|item| !item.contains_key("event") && !expired(item, now))
            .filter(|item| format!("{item:?}").contains(&user.to_string()))
            .map(|item| item["pk"].as_s().unwrap().clone())
            .collect();
        named.sort();
        named
    }
}

fn expired(item: &shared::table::Item, now: Timestamp) -> bool {
    let ttl = item.get("ttl").and_then(|ttl| ttl.as_n().ok());
    ttl.is_some_and(|ttl| ttl.parse::<i64>().unwrap() <= now.as_second())
}

async fn failed(worker: &Worker<Shelf>, events: &[Event]) -> Vec<String> {
    let work = worker.handle(batch(events));
    let response = tokio::time::timeout(Duration::from_secs(30), work)
        .await
        .unwrap();
    let failures = response.batch_item_failures.into_iter();
    failures.map(|failure| failure.item_identifier).collect()
}
