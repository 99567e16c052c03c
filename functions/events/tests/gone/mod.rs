//! XC-03: what becomes of all that is kept of somebody whose account is deleted.

mod crash;
mod export;
mod late;
mod life;
mod others;

use jiff::SignedDuration;
use plenary_events::worker::go_on;
use serde_json::{Value, json};
use shared::event::Event;
use shared::event::operations::UserDeleted;
use shared::id::{OperationId, UserId};
use shared::testing::{TestUser, cx, event};

use crate::support::{Stage, path};
use crate::worker::deliver;

/// Nobody's account.
pub const NOBODY: &str = "user_00000000000000000000000000";

/// News that an account is gone.
pub fn news(user: UserId) -> Event {
    let deleted = UserDeleted {
        user_id: user,
        operation_id: OperationId::new(),
    };
    event(&deleted, 2)
}

impl Stage {
    /// The time after which nothing that was under way is.
    pub fn settle(&self) {
        self.world.clock.advance(SignedDuration::from_secs(21));
    }

    /// Erases somebody, to the end; what was counted.
    pub async fn erase(&self, user: UserId) -> Value {
        assert_eq!(deliver(self, &[news(user)]).await, 0);
        assert!(
            self.answers().await.is_empty(),
            "not before the second look"
        );
        self.settle();
        go_on(&self.store, &cx()).await.unwrap();
        assert!(self.store.jobs().await.unwrap().is_empty());
        let mut answers = self.answers().await;
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    /// What the group counted, by answer.
    pub async fn answers(&self) -> Vec<Value> {
        let told = self.world.outbox(self.world.table()).await;
        let answers = told
            .into_iter()
            .filter(|told| told.kind == "saga.step.completed");
        answers.map(|told| told.data["counts"].clone()).collect()
    }

    /// The items that name somebody, but for what expires by itself and what
    /// keeps late news out.
    pub async fn naming(&self, user: UserId) -> Vec<String> {
        let items = self.world.db.items(self.world.table()).await;
        let id = user.to_string();
        let expiring = ["OUTBOX#", "ERASED#", "LETTERS#"];
        items
            .iter()
            .filter(|item| {
                let pk = item["pk"].as_s().unwrap();
                !expiring.iter().any(|prefix| pk.starts_with(prefix))
            })
            .map(|item| format!("{item:?}"))
            .filter(|text| text.contains(&id))
            .collect()
    }

    pub async fn save(&self, user: &TestUser, event: &Value) {
        let at = format!("{}/save", path(event));
        self.api.put(&at).bearer(user).send().await.expect(204);
    }

    pub async fn feed(&self, user: &TestUser) -> String {
        let request = self.api.post("/v1/events/feeds").bearer(user);
        let body = request.json(json!({})).send().await.expect(201).body;
        let url = body["url"].as_str().unwrap();
        url.strip_prefix(shared::testing::ISSUER)
            .unwrap()
            .to_owned()
    }

    pub async fn attendees(&self, user: &TestUser, event: &Value) -> Vec<Value> {
        let at = format!("{}/registrations", path(event));
        let body = self.api.get(&at).bearer(user).send().await.expect(200).body;
        body["items"].as_array().unwrap().clone()
    }
}

/// Begins in five minutes and is over in ten.
pub fn soon(changes: Value) -> Value {
    let mut body = json!({"startsAt": "2026-09-01T10:05:00Z", "endsAt": "2026-09-01T10:10:00Z"});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
