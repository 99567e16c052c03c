//! A day of those who use it, over HTTP, from the first draft to the last word.

mod attendee;
mod organiser;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::{Answer, Person, Stack, eventually, send, text};

/// How long an event that is about to end goes on.
const SOON: SignedDuration = SignedDuration::from_secs(20);

/// A time that is over soon.
#[allow(clippy::disallowed_methods)] // the stack's clock is the real one
fn about_to_end() -> Value {
    let now = Timestamp::now();
    let hour = SignedDuration::from_hours(1);
    json!({"startsAt": (now - hour).to_string(), "endsAt": (now + SOON).to_string()})
}

/// A change of what was read just now.
async fn patch(person: &Person, path: &str, body: &Value) -> Answer {
    let request = person.request(Method::PATCH, path);
    send(request.header("if-match", "*").json(body)).await
}

/// Waits for the e-mail that says something.
async fn mailed(stack: &Stack, person: &Person, words: &str) {
    eventually(&format!("{words:?} by e-mail"), || async {
        let mail = stack.mail_to(&person.email).await;
        let says = |mail: &Value| mail.to_string().contains(words);
        mail.iter().any(says).then_some(())
    })
    .await;
}

/// The end of an event comes by itself: feedback is refused until then.
async fn rates(person: &Person, path: &str, rating: u8, comment: &str) {
    let body = json!({"rating": rating, "comment": comment});
    let feedback = format!("{path}/feedback");
    tokio::time::timeout(Duration::from_secs(90), async {
        eventually("the end of the event", || async {
            let answer = person.put(&feedback, &body).await;
            if answer.status == 409 {
                answer.problem("feedback-closed");
                return None;
            }
            Some(answer.expect(200))
        })
        .await
    })
    .await
    .unwrap();
}

/// The text of a person's first ticket.
async fn ticket(person: &Person, path: &str) -> String {
    let tickets = format!("{path}/registrations/me/tickets");
    let tickets = person.get(&tickets).await.expect(200).body;
    text(&tickets["items"][0], "ticket").to_owned()
}

/// What the door says to a ticket.
async fn scanned(door: &Person, path: &str, scan: Value) -> Value {
    let answer = door.post(&format!("{path}/check-ins"), &scan).await;
    answer.expect(200).body["reason"].clone()
}
