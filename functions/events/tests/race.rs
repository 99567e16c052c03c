//! B3-02, B3-03: many more people than places, all at once, with withdrawals in
//! between. `PLENARY_RACE_ATTEMPTS=50000 PLENARY_RACE_PLACES=500` is the whole
//! of it; by default it is a fiftieth, which takes seconds.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use futures::StreamExt;
use serde_json::{Value, json};
use shared::id::UserId;
use shared::testing::TestUser;

use crate::support::Stage;

#[allow(clippy::disallowed_methods)] // a test's own size
pub fn size(name: &str, default: usize) -> usize {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

/// What one person saw of it.
#[derive(Debug, Clone)]
struct Attempt {
    user: UserId,
    sent: Instant,
    replied: Instant,
    status: String,
    withdrew: bool,
}

async fn attempt(
    stage: &Stage,
    event: &Value,
    user: TestUser,
    wish: Value,
    leaves: bool,
) -> Attempt {
    let sent = Instant::now();
    let reply = stage.wish(&user, event, wish).await;
    let replied = Instant::now();
    assert!(
        matches!(reply.status.as_u16(), 201 | 409 | 503),
        "{}",
        reply.text
    );
    let status = reply.body["status"].as_str().unwrap_or("none").to_owned();
    let mut withdrew = false;
    if leaves && reply.status == 201 {
        // Whoever is told to come again does.
        for _ in 0..20 {
            let left = stage.withdraw(&user, event).await.status;
            withdrew = left == 204;
            if withdrew {
                break;
            }
        }
    }
    Attempt {
        user: user.id,
        sent,
        replied,
        status,
        withdrew,
    }
}

/// Every registration of the event, by user.
async fn registrations(stage: &Stage, event: &Value) -> HashMap<UserId, (String, u64)> {
    let id = event["id"].as_str().unwrap().parse().unwrap();
    let (mut all, mut after) = (HashMap::new(), None);
    loop {
        let page = stage.store.registrations(id, 500, after).await.unwrap();
        for item in page.items {
            let status = item.status.name().to_owned();
            all.insert(item.user_id, (status, u64::from(item.quantity)));
        }
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// Runs a race and checks what is left of it; `wish` is what the n-th wants.
async fn race(admission: Value, attempts: usize, places: usize, wish: impl Fn(usize) -> Value) {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": places})).await;
    if admission != json!(null) {
        stage.admit(&author, &event, admission).await.expect(200);
    }
    let runs = (0..attempts).map(|i| {
        let user = stage.world.user();
        attempt(&stage, &event, user, wish(i), i % 3 == 0)
    });
    let told: Vec<Attempt> = futures::stream::iter(runs)
        .buffer_unordered(64)
        .collect()
        .await;
    let now = registrations(&stage, &event).await;
    let sum = |wanted: &[&str]| -> u64 {
        let of = now
            .values()
            .filter(|(status, _)| wanted.contains(&status.as_str()));
        of.map(|(_, quantity)| quantity).sum()
    };
    let (confirmed, held, waiting) = (sum(&["confirmed"]), sum(&["offered"]), sum(&["waitlisted"]));
    assert!(
        confirmed + held <= places as u64,
        "{confirmed} and {held} of {places}"
    );
    let read = stage.read(&author, &event).await.body;
    assert_eq!(
        (&read["attendeeCount"], &read["waitlistCount"]),
        (&json!(confirmed), &json!(waiting))
    );
    let id = event["id"].as_str().unwrap().parse().unwrap();
    let hall = stage.store.hall(id, 1).await.unwrap().unwrap();
    assert_eq!(u64::from(hall.counts.held), held);
    assert!(
        hall.queues.served(&hall.counts, 99).is_empty(),
        "somebody waits beside a free place"
    );
    for one in &told {
        let (status, _) = now.get(&one.user).cloned().unwrap_or(("none".into(), 0));
        assert_eq!(one.withdrew, status == "cancelled", "{one:?} is {status}");
        assert_eq!(
            one.status == "none",
            status == "none",
            "{one:?} is {status}"
        );
    }
    order_is_kept(&stage, &told, &now).await;
}

/// Nobody was given a place who had not even asked when somebody who still
/// waits had been told to wait.
async fn order_is_kept(stage: &Stage, told: &[Attempt], now: &HashMap<UserId, (String, u64)>) {
    let outbox = stage.world.outbox(stage.world.table()).await;
    let given = ["event.registration.promoted", "event.registration.offered"];
    let mut served: HashSet<UserId> = outbox
        .iter()
        .filter(|event| given.contains(&event.kind.as_str()))
        .map(|event| serde_json::from_value(event.data["userId"].clone()).unwrap())
        .collect();
    served.extend(
        told.iter()
            .filter(|one| one.status == "confirmed")
            .map(|one| one.user),
    );
    let still = told.iter().filter(|one| {
        now.get(&one.user)
            .is_some_and(|(status, _)| status == "waitlisted")
    });
    let first_waiting = still.map(|one| one.replied).min();
    let last_served = told
        .iter()
        .filter(|one| served.contains(&one.user))
        .map(|one| one.sent)
        .max();
    if let (Some(waits), Some(served)) = (first_waiting, last_served) {
        assert!(served <= waits, "somebody was overtaken");
    }
}

#[tokio::test]
async fn ev_19_20_a_rush_never_oversells_and_keeps_the_order() {
    let attempts = size("PLENARY_RACE_ATTEMPTS", 1000);
    let places = size("PLENARY_RACE_PLACES", 10);
    race(json!(null), attempts, places, |_| json!({})).await;
}

#[tokio::test]
async fn ev_20_a_rush_for_offers_never_oversells_and_keeps_the_order() {
    let attempts = size("PLENARY_RACE_ATTEMPTS", 500) / 2;
    let places = size("PLENARY_RACE_PLACES", 10);
    race(json!({"offerMinutes": 30}), attempts, places, |_| json!({})).await;
}

#[tokio::test]
async fn ev_19_20_a_rush_of_groups_never_oversells() {
    let attempts = size("PLENARY_RACE_ATTEMPTS", 300) / 2;
    let places = size("PLENARY_RACE_PLACES", 12);
    let admission = json!({"maxPerRegistration": 3});
    race(
        admission,
        attempts,
        places,
        |i| json!({"quantity": i % 3 + 1}),
    )
    .await;
}
