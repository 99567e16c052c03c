//! B3-05: from the API of events to the message in the mailbox. What a letter
//! brings for a calendar is what the event's own calendar says at that moment.

use std::sync::Arc;

use jiff::SignedDuration;
use mail_parser::{MessageParser, MimeHeaders};
use plenary_events::store::Store;
use plenary_events::worker::tell_due;
use plenary_notifications::mime;
use plenary_notifications::outgoing::Letter;
use serde_json::{Value, json};
use shared::event::Event;
use shared::event::auth::UserContactChanged;
use shared::testing::{MemorySealer, TestApi, TestUser, World, cx};

use crate::told::{Bus, published};

/// What both calendars must say alike.
const ALIKE: [&str; 7] = [
    "UID", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "URL",
];

struct Stage {
    events: World,
    notifications: World,
    api: TestApi,
    bus: Bus,
    path: String,
    author: TestUser,
    /// So many events of the outbox were delivered.
    told: usize,
}

impl Stage {
    async fn new() -> Self {
        let (events, notifications) = (World::of("events").await, World::of("notifications").await);
        let app = plenary_events::App::new(&events.core, Arc::new(MemorySealer::new()));
        let api = events.api(plenary_events::api(events.core.clone()).build(app));
        let author = events.user();
        let path = published(&api, &author, 100).await;
        Self {
            bus: Bus::new(&notifications),
            events,
            notifications,
            api,
            path,
            author,
            told: 0,
        }
    }

    /// Delivers what is new, twice and in no order; gives the letters to `to`.
    async fn letters(&mut self, to: &str) -> Vec<Letter> {
        let all: Vec<Event> = self.events.outbox(self.events.table()).await;
        self.bus.deliver(&all[self.told..]).await;
        self.told = all.len();
        self.bus.sweep(&self.notifications).await;
        let letters = self.bus.taken().into_iter();
        letters.filter(|letter| letter.to == to).collect()
    }

    async fn change(&self, patch: Value) {
        let request = self.api.patch(&self.path).bearer(&self.author);
        let request = request.header("if-match", "*").json(patch);
        request.send().await.expect(200);
    }

    /// The event's own calendar.
    async fn calendar(&self) -> String {
        let ics = format!("{}.ics", self.path);
        self.api.get(&ics).send().await.expect(200).text
    }
}

/// The method of the part, and the calendar, of a letter's message.
fn calendar(letter: &Letter) -> (String, String) {
    let message = mime::message("no-reply@plenary.test", letter);
    let parsed = MessageParser::default().parse(&message).unwrap();
    let mut parts = parsed.parts.iter();
    let part = parts
        .find(|part| part.is_content_type("text", "calendar"))
        .unwrap();
    let method = part.content_type().unwrap().attribute("method");
    let text = String::from_utf8(part.contents().to_vec()).unwrap();
    (method.unwrap().to_owned(), text)
}

fn property(text: &str, name: &str) -> Option<String> {
    let unfolded = text.replace("\r\n ", "");
    let mut lines = unfolded.split("\r\n");
    let found = lines.find_map(|line| line.strip_prefix(&format!("{name}:")));
    found.map(str::to_owned)
}

fn alike(letter: &Letter, own: &str, method: &str, sequence: u32) {
    let (said, text) = calendar(letter);
    assert_eq!(said, method);
    assert_eq!(property(&text, "METHOD").as_deref(), Some(method));
    assert_eq!(property(&text, "SEQUENCE"), Some(sequence.to_string()));
    for name in ALIKE {
        let ours = property(own, name);
        // The two have been given other addresses of the API.
        let path = |url: String| url.split("/v1/").last().map(str::to_owned);
        let (said, ours) = (property(&text, name), ours);
        assert_eq!(said.and_then(path), ours.and_then(path), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_05_the_calendar_in_a_letter_is_that_of_the_event() {
    let mut stage = Stage::new().await;
    let ada = stage.events.user();
    let email = format!("{}@example.org", ada.id);
    let (store, id) = (&stage.bus.store, ada.id);
    let contact = UserContactChanged {
        user_id: id,
        email: email.clone(),
        verified: true,
    };
    store.learn_contact(&cx(), &contact, 1).await.unwrap();
    let registrations = format!("{}/registrations", stage.path);
    let register = stage.api.post(&registrations).bearer(&ada);
    register.send().await.expect(201);
    let letters = stage.letters(&email).await;
    assert_eq!(letters.len(), 1);
    alike(&letters[0], &stage.calendar().await, "REQUEST", 0);

    stage
        .change(json!({"startsAt": "2026-10-12T08:00:00Z"}))
        .await;
    let hall = json!({"venue": {"name": "Halle 2; Süd", "city": "Berlin"}});
    stage.change(hall).await;
    stage.events.clock.advance(SignedDuration::from_mins(6));
    let store = Store::new(stage.events.table().clone());
    assert_eq!(tell_due(&store, &cx()).await.unwrap(), 1);
    let letters = stage.letters(&email).await;
    assert_eq!(letters.len(), 1, "two changes, one letter");
    alike(&letters[0], &stage.calendar().await, "REQUEST", 2);

    let left = stage.api.delete(&registrations).bearer(&ada);
    left.send().await.expect(204);
    let letters = stage.letters(&email).await;
    assert_eq!(letters.len(), 1);
    alike(&letters[0], &stage.calendar().await, "CANCEL", 2);
}
