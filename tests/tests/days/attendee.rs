//! EV-11 to EV-20, B3: an attendee's day.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{about_to_end, mailed, patch, rates, scanned, ticket};
use crate::stack::{Answer, Person, Stack, eventually, send, somewhere, text};

/// Somewhere in the southern ocean, where nobody else meets.
fn far_away() -> (f64, f64) {
    let [a, b, c, d, ..] = *Uuid::new_v4().as_bytes();
    let part = |high, low| f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX);
    (-40.0 - 15.0 * part(a, b), -170.0 + 340.0 * part(c, d))
}

/// What the day is about.
struct Day {
    rosa: Person,
    /// One place, given out by offers, with a question.
    talk: String,
    /// At the same time elsewhere.
    dinner: String,
    at: (f64, f64),
    word: String,
}

impl Day {
    async fn planned(stack: &Stack) -> Self {
        let rosa = stack.person("rosa").await;
        let (at, word) = (far_away(), format!("w{}", Uuid::new_v4().simple()));
        let venue = json!({"name": "Tent", "coordinates": {"lat": at.0, "lng": at.1}});
        let talk = rosa
            .publishes(json!({"title": format!("Talk {word}"), "venue": venue, "capacity": 1}))
            .await;
        let dinner = rosa
            .publishes(json!({"title": format!("Dinner {word}"), "venue": venue}))
            .await;
        let path = |event: &Value| format!("/v1/events/{}", text(event, "id"));
        let day = Self {
            talk: path(&talk),
            dinner: path(&dinner),
            rosa,
            at,
            word,
        };
        let admission = json!({"offerMinutes": 30, "questions": [
            {"id": "size", "label": "Which shirt?", "type": "choice", "options": ["S", "L"]}]});
        let set = day
            .rosa
            .request(reqwest::Method::PUT, &format!("{}/admission", day.talk));
        let set = set.header("if-match", "\"0\"").json(&admission);
        send(set).await.expect(200);
        day
    }

    /// Both events come up by place, by day and by text, and by no other.
    async fn found(&self, person: &Person) {
        let near = format!("near={},{}&radiusKm=5", self.at.0, self.at.1);
        let count = async |query: String| {
            let found = person.get(&format!("/v1/{query}")).await.expect(200);
            let items = found.body["items"].as_array().unwrap().clone();
            let ours = |item: &&Value| text(item, "title").contains(&self.word);
            items.iter().filter(ours).count()
        };
        eventually("the events near there", || async {
            (count(format!("events?{near}")).await == 2).then_some(())
        })
        .await;
        assert_eq!(count(format!("events?{near}&date=2027-10-12")).await, 2);
        assert_eq!(count(format!("events?{near}&date=2027-10-13")).await, 0);
        assert_eq!(count(format!("events?{near}&q=Talk")).await, 1);
        assert_eq!(count(format!("search/events?{near}&q=Talk")).await, 1);
    }
}

/// The ids of what is in somebody's schedule, and what each clashes with.
async fn schedule(person: &Person) -> Vec<(String, String, usize)> {
    let answer = person.get("/v1/events/schedule").await.expect(200);
    let items = answer.body["items"].as_array().unwrap().clone();
    let mut seen: Vec<_> = items
        .iter()
        .map(|item| {
            (
                format!("/v1/events/{}", text(&item["event"], "id")),
                text(item, "standing").to_owned(),
                item["clashesWith"].as_array().unwrap().len(),
            )
        })
        .collect();
    seen.sort();
    seen
}

async fn mine(person: &Person, event: &str) -> Value {
    let answer = person.get(&format!("{event}/registrations/me")).await;
    answer.expect(200).body["status"].clone()
}

/// Waits for a place, is offered one in writing, and takes it.
async fn takes_an_offer(stack: &Stack, day: &Day, ada: &Person, bob: &Person) {
    let registrations = format!("{}/registrations", day.talk);
    bob.post(&registrations, &json!({})).await.expect(201);
    let wrong = json!({"answers": {"size": "XXL"}});
    ada.post(&registrations, &wrong).await.expect(400);
    let wish = json!({"answers": {"size": "L"}});
    let waiting = ada.post(&registrations, &wish).await.expect(201).body;
    assert_eq!(waiting["status"], "waitlisted");
    assert_eq!(waiting["waitlistPosition"], 1);
    ada.told("registration.waitlisted").await;
    bob.delete(&registrations).await.expect(204);
    ada.told("registration.offered").await;
    mailed(stack, ada, &day.word).await;
    assert_eq!(mine(ada, &day.talk).await, "offered");
    let accept = format!("{registrations}/me/accept");
    let accepted = ada.post(&accept, &json!({})).await.expect(200).body;
    assert_eq!(accepted["status"], "confirmed");
    ada.told("registration.promoted").await;
}

/// Gives the place at dinner to somebody else, who takes it.
async fn hands_over(stack: &Stack, day: &Day, ada: &Person, bob: &Person) {
    let registrations = format!("{}/registrations", day.dinner);
    let to = json!({"userId": bob.id});
    let offer = ada.post(&format!("{registrations}/me/transfer"), &to).await;
    offer.expect(202);
    bob.told("registration.transfer").await;
    // A route of credentials, asked from an address of its own.
    let take = format!("{registrations}/take-over");
    let request = stack.request(&somewhere(), reqwest::Method::POST, &take);
    let request = request.bearer_auth(&bob.token);
    let taken: Answer = send(request.json(&json!({"fromUserId": ada.id}))).await;
    assert_eq!(taken.expect(201).body["status"], "confirmed");
    ada.told("registration.cancelled").await;
    assert_eq!(mine(ada, &day.dinner).await, "cancelled");
}

/// From the search to the last word.
#[tokio::test]
async fn ev_11_to_20_an_attendees_day() {
    let stack = Stack::up();
    let (day, ada) = (Day::planned(&stack).await, stack.person("ada").await);
    let bob = stack.person("bob").await;
    day.found(&ada).await;
    let save = format!("{}/save", day.dinner);
    ada.put(&save, &json!({})).await.expect(204);
    takes_an_offer(&stack, &day, &ada, &bob).await;

    let mut planned = vec![
        (day.talk.clone(), "registered".to_owned(), 1),
        (day.dinner.clone(), "saved".to_owned(), 1),
    ];
    planned.sort();
    assert_eq!(schedule(&ada).await, planned);
    let registrations = format!("{}/registrations", day.dinner);
    ada.post(&registrations, &json!({})).await.expect(201);
    ada.told("registration.confirmed").await;

    let feed = ada.post("/v1/events/feeds", &json!({})).await.expect(201);
    let (_, secret) = text(&feed.body, "url").split_once("/v1/").unwrap();
    let calendar = async || {
        let calendar = stack.get(&format!("/v1/{secret}")).await.expect(200);
        String::from_utf8_lossy(&calendar.bytes).into_owned()
    };
    eventually("both in the secret calendar", || async {
        let calendar = calendar().await;
        let both = calendar.matches("BEGIN:VEVENT").count() == 2;
        (both && calendar.contains(&day.talk[11..])).then_some(())
    })
    .await;

    hands_over(&stack, &day, &ada, &bob).await;
    ada.delete(&save).await.expect(204);
    let left = vec![(day.talk.clone(), "registered".to_owned(), 0)];
    eventually("the schedule without dinner", || async {
        (schedule(&ada).await == left).then_some(())
    })
    .await;

    let picture = format!("{}/registrations/me/tickets/1/qr.svg", day.talk);
    let picture = ada.get(&picture).await.expect(200);
    assert!(picture.header("content-type").starts_with("image/svg"));
    let shown = json!({"ticket": ticket(&ada, &day.talk).await});
    assert_eq!(
        scanned(&day.rosa, &day.talk, shown.clone()).await,
        "admitted"
    );
    assert_eq!(scanned(&day.rosa, &day.dinner, shown).await, "wrong-event");

    let ends = patch(&day.rosa, &day.talk, &about_to_end()).await;
    ends.expect(200);
    rates(&ada, &day.talk, 5, "Worth the wait.").await;
    let own = ada.get(&format!("{}/feedback/me", day.talk)).await;
    assert_eq!(own.expect(200).body["comment"], "Worth the wait.");
    bob.put(&format!("{}/feedback", day.talk), &json!({"rating": 1}))
        .await
        .expect(403);
}
