//! EV-10: the process stops at every await point of a registration and of a
//! check-in; the same request again does what is left, once.

use serde_json::{Value, json};
use shared::testing::{Moment, TestReply, TestUser, stopped};

use crate::door::Gate;
use crate::support::{Stage, path};

/// More await points than any of this has; the tests find the true number.
const ENOUGH: usize = 500;

async fn post(
    stage: &Stage,
    user: &TestUser,
    event: &Value,
    what: &str,
    body: &Value,
) -> TestReply {
    let path = format!("{}/{what}", path(event));
    stage
        .api
        .post(&path)
        .bearer(user)
        .key("once")
        .json(body.clone())
        .send()
        .await
}

async fn count(stage: &Stage, kind: &str) -> usize {
    let kinds = stage.kinds().await;
    kinds.iter().filter(|other| *other == kind).count()
}

#[tokio::test]
async fn ev_10_a_registration_that_stops_anywhere_happens_once() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 100_000})).await;
    stage
        .admit(&author, &event, json!({"maxPerRegistration": 3}))
        .await
        .expect(200);
    let body = json!({"quantity": 3});
    let (mut rounds, mut in_doubt) = (0, 0);
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let user = stage.world.user();
            let attempt = || post(&stage, &user, &event, "registrations", &body);
            let first = stopped(polls, moment, attempt()).await;
            let taken = stage.read(&author, &event).await.body["attendeeCount"]
                .as_u64()
                .unwrap();
            assert!(
                taken == rounds * 3 || taken == rounds * 3 + 3,
                "all or nothing: {taken}"
            );
            let second = attempt().await.expect(201);
            if let Some(first) = &first {
                assert_eq!(first.text, second.text);
            }
            rounds += 1;
            let replayed = second.header("idempotency-replayed") == "true";
            in_doubt += usize::from(first.is_none() && replayed);
            done &= first.is_some();
            let taken = &stage.read(&author, &event).await.body["attendeeCount"];
            assert_eq!(taken, rounds * 3, "{moment:?} after {polls} polls");
        }
        if done {
            let told = count(&stage, "event.registration.created").await;
            assert_eq!(told as u64, rounds);
            assert!(
                polls > 3 && in_doubt > 0,
                "{polls} polls, {in_doubt} in doubt"
            );
            return;
        }
    }
    panic!("it never completed by itself");
}

#[tokio::test]
async fn ev_10_a_check_in_that_stops_anywhere_happens_once() {
    let gate = Gate::open(json!({}), json!({})).await;
    let (mut rounds, mut in_doubt) = (0, 0);
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let guest = gate.guest(json!({})).await;
            let ticket = gate.tickets(&guest).await.remove(0);
            let body = json!({"ticket": ticket});
            let key = format!("k{rounds}");
            let attempt = || {
                let path = format!("{}/check-ins", path(&gate.event));
                let request = gate.stage.api.post(&path).bearer(&gate.door).key(&key);
                request.json(body.clone()).send()
            };
            let first = stopped(polls, moment, attempt()).await;
            let second = attempt().await.expect(200);
            assert_eq!(
                second.body["reason"], "admitted",
                "the same answer, not `already`"
            );
            if let Some(first) = &first {
                assert_eq!(first.text, second.text);
            }
            rounds += 1;
            let replayed = second.header("idempotency-replayed") == "true";
            in_doubt += usize::from(first.is_none() && replayed);
            done &= first.is_some();
            let seen = gate.attendance("limit=1").await;
            assert_eq!(seen["admitted"], rounds, "{moment:?} after {polls} polls");
        }
        if done {
            let told = count(&gate.stage, "event.registration.checked_in").await;
            assert_eq!(told as u64, rounds);
            assert!(
                polls > 3 && in_doubt > 0,
                "{polls} polls, {in_doubt} in doubt"
            );
            return;
        }
    }
    panic!("it never completed by itself");
}
