//! A thousand people want a hundred places.

use futures::StreamExt;
use futures::stream;
use serde_json::json;

use crate::stack::{Person, Stack, text};

/// How many accounts are made at once: hashing passwords is the slow part.
const AT_ONCE: usize = 8;

/// EV-19, B3-02: a thousand parallel registrations for a hundred places.
#[tokio::test]
async fn ev_19_a_thousand_registrations_for_a_hundred_places() {
    let stack = Stack::up();
    let organiser = stack.person("rosa").await;
    let event = organiser
        .publishes(json!({"capacity": 100, "waitlist": false}))
        .await;
    let path = format!("/v1/events/{}/registrations", text(&event, "id"));
    let people: Vec<Person> = stream::iter(0..1000)
        .map(|_| stack.person("racer"))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let outcomes: Vec<u16> = stream::iter(&people)
        .map(|person| async {
            // A client that is told to come again does so.
            loop {
                let status = person
                    .keyed(&path, "race", &json!({}))
                    .await
                    .status
                    .as_u16();
                if !matches!(status, 429 | 502 | 503 | 504) {
                    return status;
                }
            }
        })
        .buffer_unordered(1000)
        .collect()
        .await;
    let count = |wanted: u16| outcomes.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(409)), (100, 900), "{outcomes:?}");
    let read = organiser
        .get(&format!("/v1/events/{}", text(&event, "id")))
        .await
        .expect(200)
        .body;
    assert_eq!(read["attendeeCount"], 100);
    let mut confirmed = 0;
    let mut cursor = String::new();
    loop {
        let page = organiser
            .get(&format!("{path}?limit=100{cursor}"))
            .await
            .expect(200)
            .body;
        confirmed += page["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["status"] == "confirmed")
            .count();
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(confirmed, 100);
}
