//! What the tests have in common: a world, a worker, and a mail service that
//! does what it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::Timestamp;
use plenary_notifications::Worker;
use plenary_notifications::outgoing::{Letter, MailError, Mailer, Unsealer};
use plenary_notifications::postman::Postman;
use plenary_notifications::store::Store;
use plenary_notifications::templates::Links;
use plenary_notifications::worker::{Outcome, Sweep, Trigger, run};
use serde_json::Value;
use shared::event::auth::{OrganizationMemberAdded, UserContactChanged, UserRegistered};
use shared::event::events::{EventSnapshot, RegistrationCreated};
use shared::event::{Contract, Event};
use shared::id::{EventId, OrganizationId, RegistrationId, UserId};
use shared::principal::Role;
use shared::testing::{Shelf, TestApi, TestReply, TestUser, World, cx};
use shared::worker::WorkerError;

/// What the mail service does with the next letter.
#[derive(Debug, Clone)]
pub enum Next {
    Fail(MailError),
    /// The process dies while it sends.
    Die,
}

/// A mail service that keeps what it took.
#[derive(Debug, Clone, Default)]
pub struct Post {
    taken: Arc<Mutex<Vec<Letter>>>,
    script: Arc<Mutex<VecDeque<Next>>>,
}

impl Post {
    pub fn then(&self, next: Next) {
        self.script.lock().unwrap().push_back(next);
    }

    /// Every letter that was taken so far.
    pub fn letters(&self) -> Vec<Letter> {
        self.taken.lock().unwrap().clone()
    }

    /// The subjects of the letters to an address.
    pub fn subjects(&self, to: &str) -> Vec<String> {
        let letters = self.letters();
        let mine = letters.into_iter().filter(|letter| letter.to == to);
        mine.map(|letter| letter.content.subject).collect()
    }
}

impl Mailer for Post {
    fn sender(&self) -> &'static str {
        "no-reply@plenary.test"
    }

    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        // Others run while this one waits for the mail service.
        tokio::task::yield_now().await;
        let next = self.script.lock().unwrap().pop_front();
        match next {
            Some(Next::Fail(err)) => return Err(err),
            Some(Next::Die) => panic!("the process dies"),
            None => {}
        }
        self.taken.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

/// Opens `sealed:<text>`.
#[derive(Debug, Clone)]
pub struct Opener;

impl Unsealer for Opener {
    async fn unseal(&self, sealed: &str) -> Result<String, WorkerError> {
        let open = sealed.strip_prefix("sealed:").map(str::to_owned);
        open.ok_or_else(|| WorkerError::permanent("not sealed by us"))
    }
}

pub struct Stage {
    pub world: World,
    pub api: TestApi,
    pub post: Post,
    pub store: Store,
    pub worker: Worker<Post, Opener>,
    pub exports: Shelf,
}

pub const TIMEOUT: Duration = Duration::from_secs(20);

impl Stage {
    pub async fn new() -> Self {
        let world = World::of("notifications").await;
        let app = plenary_notifications::App::new(world.table().clone());
        let api = world.api(plenary_notifications::api(world.core.clone()).build(app));
        let store = Store::new(world.table().clone());
        let post = Post::default();
        let links = Links::below("https://plenary.test");
        let postman = Postman::new(store.clone(), post.clone(), Opener, links);
        let exports = Shelf::default();
        let kept = Arc::new(exports.clone());
        let worker = Worker::new(store.clone(), world.clock.clone(), postman, kept);
        Self {
            world,
            api,
            post,
            store,
            worker,
            exports,
        }
    }

    /// An event that `actor` set off.
    pub fn event<C: Contract>(&self, payload: &C, sequence: u64, actor: Option<UserId>) -> Event {
        let mut cx = cx();
        cx.actor = actor.map(|id| id.to_string());
        Event::of(payload, sequence, self.world.clock.now(), &cx).unwrap()
    }

    /// Puts bodies through the function as one batch; gives the ids that
    /// failed, which are the places in the batch.
    pub async fn batch(&self, bodies: &[String]) -> Vec<String> {
        let mut batch = SqsEvent::default();
        for (at, body) in bodies.iter().enumerate() {
            let mut message = SqsMessage::default();
            message.message_id = Some(at.to_string());
            message.body = Some(body.clone());
            batch.records.push(message);
        }
        let outcome = run(&self.worker, Trigger::Batch(batch), TIMEOUT)
            .await
            .unwrap();
        let Outcome::Batch(response) = outcome else {
            panic!("a batch was asked for");
        };
        let failed = response.batch_item_failures.into_iter();
        failed.map(|failure| failure.item_identifier).collect()
    }

    /// Handles one event; whether it succeeded.
    pub async fn handles(&self, event: &Event) -> bool {
        let body = serde_json::to_string(event).unwrap();
        self.batch(&[body]).await.is_empty()
    }

    /// Handles an event that must succeed.
    pub async fn tell<C: Contract>(
        &self,
        payload: &C,
        sequence: u64,
        actor: Option<UserId>,
    ) -> Event {
        let event = self.event(payload, sequence, actor);
        assert!(self.handles(&event).await, "{} failed", C::TYPE);
        event
    }

    pub async fn sweep(&self) -> usize {
        let trigger = Trigger::Sweep {
            sweep: Sweep::Mails,
        };
        match run(&self.worker, trigger, TIMEOUT).await.unwrap() {
            Outcome::Swept { letters } => letters,
            Outcome::Batch(_) => panic!("a sweep was asked for"),
        }
    }

    /// A signed-in user whose name and address are known, with the welcome
    /// behind them: an empty inbox and no letters.
    pub async fn person(&self, name: &str) -> TestUser {
        let user = self.world.user();
        let email = address(name);
        self.store
            .learn_name(&cx(), user.id, Some(name))
            .await
            .unwrap();
        self.store
            .learn_contact(&cx(), &contact(user.id, &email), 1)
            .await
            .unwrap();
        user
    }

    /// A fresh token, for when the clock has outrun the first.
    pub fn signs_in(&self, user: &mut TestUser) {
        user.token = self.world.token(&self.world.claims(user.id, user.session));
    }

    pub async fn registers(&self, name: &str) -> TestUser {
        let user = self.world.user();
        let payload = UserRegistered {
            user_id: user.id,
            name: Some(name.into()),
            username: None,
        };
        self.tell(&payload, 1, Some(user.id)).await;
        user
    }

    pub async fn joins(
        &self,
        user: &TestUser,
        organization_id: OrganizationId,
        role: Role,
        sequence: u64,
    ) {
        let payload = OrganizationMemberAdded {
            organization_id,
            organization_name: "Rust Club".into(),
            user_id: user.id,
            role,
        };
        // They accepted an invitation themselves: no notice.
        self.tell(&payload, sequence, Some(user.id)).await;
    }

    pub async fn get(&self, user: &TestUser, path: &str) -> Value {
        self.api
            .get(path)
            .bearer(user)
            .send()
            .await
            .expect(200)
            .body
    }

    /// The whole inbox, latest first.
    pub async fn inbox(&self, user: &TestUser) -> Vec<Value> {
        let page = self.get(user, "/v1/notifications?limit=100").await;
        assert_eq!(page["nextCursor"], Value::Null);
        page["items"].as_array().unwrap().clone()
    }

    pub async fn types(&self, user: &TestUser) -> Vec<String> {
        let inbox = self.inbox(user).await;
        inbox.iter().map(|entry| text(&entry["type"])).collect()
    }

    pub async fn unread(&self, user: &TestUser) -> u64 {
        let count = self.get(user, "/v1/notifications/unread-count").await;
        count["unread"].as_u64().unwrap()
    }

    pub async fn put(&self, user: &TestUser, path: &str) -> TestReply {
        self.api.put(path).bearer(user).send().await
    }

    /// Fills an inbox: each comes a second after the one before.
    pub async fn fill(&self, user: &TestUser, count: u64) {
        for _ in 0..count {
            self.world.clock.advance(jiff::SignedDuration::from_secs(1));
            self.tell(
                &registration(user.id, UserId::new(), EventId::new()),
                1,
                None,
            )
            .await;
        }
    }
}

pub fn address(name: &str) -> String {
    format!("{}@example.org", name.to_lowercase())
}

pub fn contact(user: UserId, email: &str) -> UserContactChanged {
    UserContactChanged {
        user_id: user,
        email: email.into(),
        verified: true,
    }
}

pub fn registration(
    user_id: UserId,
    organizer_id: UserId,
    event_id: EventId,
) -> RegistrationCreated {
    RegistrationCreated {
        registration_id: RegistrationId::new(),
        event_id,
        user_id,
        status: "confirmed".into(),
        title: "RustConf".into(),
        starts_at: "2026-10-10T16:30:00Z".parse().unwrap(),
        time_zone: "Europe/Berlin".into(),
        organizer_id,
        organization_id: None,
        reason: None,
        accepted: true,
        calendar: None,
    }
}

pub fn snapshot(created_by: UserId) -> EventSnapshot {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    EventSnapshot {
        event_id: EventId::new(),
        organization_id: None,
        created_by,
        status: "published".into(),
        title: "RustConf".into(),
        description: String::new(),
        tags: Vec::new(),
        starts_at: at("2026-10-10T16:30:00Z"),
        ends_at: at("2026-10-10T18:30:00Z"),
        time_zone: "Europe/Berlin".into(),
        venue_name: None,
        city: None,
        capacity: None,
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
