//! EV-19, EV-20, NO-06: many people want few places, some give theirs back,
//! and the bus delivers every message twice and in no order, while the mail
//! service now and then takes nothing. Everybody's inbox says what became of
//! them once, and no letter goes out twice.
//!
//! `PLENARY_RACE_ATTEMPTS=50000 PLENARY_RACE_PLACES=500` is the whole of it; by
//! default it is a hundredth, which takes seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use plenary_notifications::Worker;
use plenary_notifications::outgoing::{Letter, MailError, Mailer, Unsealer};
use plenary_notifications::postman::Postman;
use plenary_notifications::store::{Filter, Store};
use plenary_notifications::templates::Links;
use plenary_notifications::worker::{Outcome, Sweep, Trigger, run};
use serde_json::{Value, json};
use shared::event::Event;
use shared::event::auth::UserContactChanged;
use shared::id::UserId;
use shared::testing::{MemorySealer, Shelf, TestApi, TestUser, World, cx};
use shared::worker::WorkerError;

/// Requests, and batches, at once.
const AT_ONCE: usize = 32;
/// Messages in a batch.
const BATCH: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(20);

#[allow(clippy::disallowed_methods)] // a test's own size
fn size(name: &str, default: usize) -> usize {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

/// What a letter says of each event, once for each.
const WORDS: [&str; 3] = [
    "You are registered for",
    "You are on the waitlist for",
    "You have a place at",
];

/// A mail service that at first wants every fifth letter later.
#[derive(Debug, Clone, Default)]
pub struct Post(Arc<Mutex<(usize, Vec<Letter>)>>);

impl Mailer for Post {
    fn sender(&self) -> &'static str {
        "no-reply@plenary.test"
    }

    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        tokio::task::yield_now().await;
        let mut post = self.0.lock().unwrap();
        post.0 += 1;
        if post.0.is_multiple_of(5) && post.0 <= 100 {
            return Err(MailError::Later("closed for lunch".to_owned()));
        }
        post.1.push(letter.clone());
        Ok(())
    }
}

/// There is nothing sealed in what is told here.
#[derive(Debug, Clone)]
pub struct Nothing;

impl Unsealer for Nothing {
    async fn unseal(&self, _: &str) -> Result<String, WorkerError> {
        Err(WorkerError::permanent("nothing is sealed"))
    }
}

/// The worker behind its queue.
pub struct Bus {
    pub store: Store,
    post: Post,
    worker: Worker<Post, Nothing>,
}

impl Bus {
    pub fn new(world: &World) -> Self {
        let store = Store::new(world.table().clone());
        let post = Post::default();
        let links = Links::below("https://plenary.test");
        let postman = Postman::new(store.clone(), post.clone(), Nothing, links);
        let exports = Arc::new(Shelf::default());
        let worker = Worker::new(store.clone(), world.clock.clone(), postman, exports);
        Self {
            store,
            post,
            worker,
        }
    }

    /// Delivers everything twice, in no order, and what fails again.
    pub async fn deliver(&self, events: &[Event]) {
        let mut waiting: Vec<&Event> = events.iter().chain(events).collect();
        let mut rounds = 0;
        while !waiting.is_empty() {
            rounds += 1;
            assert!(rounds < 50, "{} messages are never done", waiting.len());
            shuffle(&mut waiting, rounds);
            let batches = waiting.chunks(BATCH).map(|batch| self.batch(batch));
            let failed: Vec<Vec<&Event>> = stream::iter(batches)
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            waiting = failed.concat();
        }
    }

    /// The schedule sends what had to wait.
    pub async fn sweep(&self, world: &World) {
        for _ in 0..20 {
            world.clock.advance(SignedDuration::from_mins(5));
            let trigger = Trigger::Sweep {
                sweep: Sweep::Mails,
            };
            if let Ok(Outcome::Swept { letters: 0 }) = run(&self.worker, trigger, TIMEOUT).await {
                return;
            }
        }
        panic!("some letters wait for ever");
    }

    /// The letters that were sent since this was asked last.
    pub fn taken(&self) -> Vec<Letter> {
        std::mem::take(&mut self.post.0.lock().unwrap().1)
    }

    /// Gives back what failed.
    async fn batch<'a>(&self, events: &[&'a Event]) -> Vec<&'a Event> {
        let mut batch = SqsEvent::default();
        for (at, event) in events.iter().enumerate() {
            let mut message = SqsMessage::default();
            message.message_id = Some(at.to_string());
            message.body = Some(serde_json::to_string(event).unwrap());
            batch.records.push(message);
        }
        let outcome = run(&self.worker, Trigger::Batch(batch), TIMEOUT).await;
        let Outcome::Batch(response) = outcome.unwrap() else {
            panic!("a batch was asked for");
        };
        let failures = response.batch_item_failures.iter();
        failures
            .map(|failure| events[failure.item_identifier.parse::<usize>().unwrap()])
            .collect()
    }

    /// How often an inbox says each kind of thing.
    async fn inbox(&self, user: UserId) -> BTreeMap<String, u32> {
        let page = self.store.page(user, Filter::default(), 100, None).await;
        let page = page.unwrap();
        assert!(page.next.is_none());
        let mut said = BTreeMap::new();
        for entry in page.entries {
            *said.entry(entry.message.kind().to_string()).or_default() += entry.count;
        }
        said
    }
}

/// Knuth's shuffle by xorshift: the same in every run.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = usize::try_from(state % (last as u64 + 1)).unwrap();
        items.swap(last, other);
    }
}

/// What one person was told by the API itself.
struct Attempt {
    user: TestUser,
    told: String,
}

async fn attempt(api: &TestApi, path: &str, user: TestUser, leaves: bool) -> Attempt {
    let mut reply = api.post(path).bearer(&user).send().await;
    // Whoever is told to come again does.
    while reply.status == 503 {
        reply = api.post(path).bearer(&user).send().await;
    }
    let told = reply.expect(201).body["status"]
        .as_str()
        .unwrap()
        .to_owned();
    if leaves {
        let mut left = api.delete(path).bearer(&user).send().await;
        while left.status == 503 {
            left = api.delete(path).bearer(&user).send().await;
        }
        left.expect(204);
    }
    Attempt { user, told }
}

pub async fn published(api: &TestApi, author: &TestUser, places: usize) -> String {
    let draft = json!({
        "title": "Rust for conferences",
        "startsAt": "2026-10-12T07:00:00Z", "endsAt": "2026-10-12T15:00:00Z",
        "timeZone": "Europe/Berlin", "capacity": places,
    });
    let event = api.post("/v1/events").bearer(author).json(draft);
    let id = event.send().await.expect(201).body["id"].clone();
    let path = format!("/v1/events/{}", id.as_str().unwrap());
    let publish = api.post(&format!("{path}/publish")).bearer(author);
    publish.send().await.expect(200);
    path
}

/// The events of each kind that concern a person.
fn concerning(events: &[Event]) -> BTreeMap<UserId, BTreeMap<String, u32>> {
    let mut all: BTreeMap<UserId, BTreeMap<String, u32>> = BTreeMap::new();
    for event in events {
        let kind = match event.kind.as_str() {
            "event.registration.promoted" => "registration.promoted",
            "event.registration.created" if event.data["status"] == "confirmed" => {
                "registration.confirmed"
            }
            "event.registration.created" => "registration.waitlisted",
            _ => continue,
        };
        let user = serde_json::from_value(event.data["userId"].clone()).unwrap();
        *all.entry(user)
            .or_default()
            .entry(kind.to_owned())
            .or_default() += 1;
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ev_19_20_no_06_after_a_rush_everybody_is_told_once_and_mailed_at_most_once() {
    let attempts = size("PLENARY_RACE_ATTEMPTS", 500);
    let places = size("PLENARY_RACE_PLACES", 20);
    let (events, notifications) = (World::of("events").await, World::of("notifications").await);
    let app = plenary_events::App::new(&events.core, Arc::new(MemorySealer::new()));
    let api = events.api(plenary_events::api(events.core.clone()).build(app));
    let author = events.user();
    let path = published(&api, &author, places).await;
    let registrations = format!("{path}/registrations");
    let attempts: Vec<Attempt> = stream::iter(0..attempts)
        .map(|n| attempt(&api, &registrations, events.user(), n % 3 == 0))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let bus = Bus::new(&notifications);
    for one in &attempts {
        let id = one.user.id;
        let email = format!("{id}@example.org");
        let contact = UserContactChanged {
            user_id: id,
            email: email.clone(),
            verified: true,
        };
        bus.store.learn_contact(&cx(), &contact, 1).await.unwrap();
    }
    let published = events.outbox(events.table()).await;
    bus.deliver(&published).await;
    bus.sweep(&notifications).await;

    let expected = concerning(&published);
    for one in &attempts {
        let said = bus.inbox(one.user.id).await;
        assert_eq!(said.get(&format!("registration.{}", one.told)), Some(&1));
        // Once of each, and nothing that did not happen.
        assert!(said.values().all(|count| *count == 1), "{said:?}");
        assert_eq!(Some(&said), expected.get(&one.user.id));
        let mine = api.get(&format!("{registrations}/me")).bearer(&one.user);
        let now = mine.send().await.expect(200).body["status"].clone();
        let promoted = said.contains_key("registration.promoted");
        if now == "confirmed" {
            assert_eq!(promoted, one.told == "waitlisted", "{said:?}");
        }
        assert!(now != "waitlisted" || !promoted, "{said:?}");
    }
    let organiser = bus.inbox(author.id).await;
    let everybody = u32::try_from(attempts.len()).unwrap();
    assert_eq!(
        organiser,
        BTreeMap::from([("event.registrations".to_owned(), everybody)])
    );

    let letters = bus.taken();
    let mut sent: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for letter in letters {
        for words in WORDS {
            let times = letter.content.text.matches(words).count();
            *sent.entry((letter.to.clone(), words)).or_default() += times;
        }
    }
    let twice: Vec<_> = sent.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    // And none was lost.
    let wanted: u32 = expected.values().flat_map(BTreeMap::values).sum();
    assert_eq!(sent.values().sum::<usize>(), wanted as usize);
    assert!(
        expected
            .values()
            .any(|told| told.contains_key("registration.promoted")),
        "nobody gave a place back: {}",
        Value::from(places)
    );
}
