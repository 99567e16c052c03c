use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::testing::{TestReply, now};

use crate::door::Gate;

impl Gate {
    async fn upload(&self, device: &str, scans: &[Value]) -> TestReply {
        let body = json!({"device": device, "scans": scans});
        self.stage
            .act(&self.door, &self.event, "check-ins/upload", body)
            .await
    }
}

/// B3-06: uploads are checked before anything changes.
#[tokio::test]
async fn ev_20_uploads_are_checked_and_keep_refusals() {
    let gate = Gate::open(json!({}), json!({})).await;
    let guest = gate.guest(json!({})).await;
    let scan = |nonce: &str, ticket: &str| json!({"nonce": nonce, "at": now(), "ticket": ticket});
    let ticket = gate.tickets(&guest).await.remove(0);
    for (device, scans) in [
        ("", vec![]),
        ("a b", vec![]),
        ("d", vec![scan("", &ticket)]),
        (
            "d",
            vec![scan("1", &ticket), json!({"nonce": "2", "at": now()})],
        ),
        (
            "d",
            vec![
                scan("1", &ticket),
                json!({"nonce": "2", "at": now(), "ticket": ticket, "list": "x"}),
            ],
        ),
        (
            "d",
            (0..201).map(|i| scan(&i.to_string(), &ticket)).collect(),
        ),
    ] {
        gate.upload(device, &scans).await.expect(400);
    }
    assert_eq!(gate.attendance("").await["admitted"], 0, "nothing happened");
    let both = [scan("1", &ticket), scan("2", "forged")];
    let reasons = |reply: TestReply| -> BTreeMap<String, (String, bool)> {
        let results = reply.body["results"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let one = |r: &Value| {
            (
                text(&r["nonce"]),
                (text(&r["reason"]), r["duplicate"] == true),
            )
        };
        results.map(one).collect()
    };
    let first = reasons(gate.upload("d", &both).await.expect(200));
    assert_eq!(first["1"], ("admitted".into(), false));
    assert_eq!(first["2"], ("invalid-ticket".into(), false));
    let again = reasons(gate.upload("d", &both).await.expect(200));
    assert_eq!(again["1"], ("admitted".into(), true));
    assert_eq!(again["2"], ("invalid-ticket".into(), true));
    let seen = gate.attendance("").await;
    assert_eq!(
        (&seen["admitted"], &seen["items"][0]["entries"]),
        (&json!(1), &json!(1))
    );
}

const REGISTRATIONS: usize = 100;
const PLACES: usize = 20;
const TICKETS: usize = REGISTRATIONS * PLACES;

/// What four devices scanned: the scans of each, out of order, and when each
/// ticket was scanned first.
struct Scanned {
    told: Vec<Vec<Value>>,
    count: usize,
    first: BTreeMap<usize, Timestamp>,
}

impl Scanned {
    /// Device d scans the tickets of its quarter and a third of the next one.
    fn of(tickets: &[String]) -> Self {
        let began: Timestamp = now() - SignedDuration::from_hours(3);
        let quarter = TICKETS / 4;
        let mut scanned = Self {
            told: Vec::new(),
            count: 0,
            first: BTreeMap::new(),
        };
        for device in 0..4 {
            let mut scans = Vec::new();
            for i in 0..quarter + quarter / 3 {
                let ticket = (device * quarter + i) % TICKETS;
                let seconds = i64::try_from(i * 4 + device).unwrap();
                let at = began + SignedDuration::from_secs(seconds);
                scans.push(json!({"nonce": format!("{i}"), "at": at, "ticket": tickets[ticket]}));
                let first = scanned.first.entry(ticket).or_insert(at);
                *first = at.min(*first);
            }
            scanned.count += scans.len();
            // Out of order: a stride that is coprime to the length.
            let length = scans.len();
            let shuffled = (0..length).map(|i| scans[i * 389 % length].clone());
            scanned.told.push(shuffled.collect());
        }
        scanned
    }
}

impl Gate {
    /// Sends scans until all are kept.
    async fn send(&self, device: usize, part: &[Value]) {
        let mut open = part.to_vec();
        while !open.is_empty() {
            let device = format!("door-{device}");
            let reply = self.upload(&device, &open).await.expect(200);
            let again = reply.body["again"].as_array().unwrap().clone();
            open.retain(|scan| again.contains(&scan["nonce"]));
        }
    }

    /// Sends everything that a device scanned, some of it twice.
    async fn send_all(&self, device: usize, told: &[Value]) {
        for (i, part) in told.chunks(150).enumerate() {
            self.send(device, part).await;
            if i % 2 == 0 {
                // The answer was lost: the same again, with others among it.
                let from = (i * 150).saturating_sub(75);
                let to = (from + 150).min(told.len());
                self.send(device, &told[from..to]).await;
            }
        }
    }

    /// Every ticket that came.
    async fn everybody(&self) -> Vec<Value> {
        let (mut cursor, mut seen) = (String::new(), Vec::new());
        loop {
            let page = self.attendance(&format!("limit=200{cursor}")).await;
            assert_eq!(
                (&page["admitted"], &page["inside"]),
                (&json!(TICKETS), &json!(TICKETS))
            );
            seen.extend(page["items"].as_array().unwrap().clone());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return seen,
            }
        }
    }

    /// How many scans are kept.
    async fn kept(&self) -> usize {
        let id = self.event["id"].as_str().unwrap().parse().unwrap();
        let (mut after, mut kept) = (None, 0);
        loop {
            let page = self.stage.store.scans(id, 500, after).await.unwrap();
            kept += page.items.len();
            after = page.next;
            if after.is_none() {
                return kept;
            }
        }
    }
}

/// B3-06: 4 devices without a network scan 2,000 tickets, overlapping; each
/// sends everything, in any order, some of it twice, some at the same time.
/// Nothing is lost and nobody is counted twice.
#[tokio::test]
async fn ev_20_offline_scans_of_four_devices_merge() {
    let gate = Gate::open(json!({}), json!({"maxPerRegistration": PLACES})).await;
    let mut tickets = Vec::new();
    for _ in 0..REGISTRATIONS {
        let guest = gate.guest(json!({"quantity": PLACES})).await;
        tickets.extend(gate.tickets(&guest).await);
    }
    assert_eq!(tickets.len(), TICKETS);
    let scanned = Scanned::of(&tickets);
    let device = |device: usize| gate.send_all(device, &scanned.told[device]);
    tokio::join!(device(0), device(1), device(2), device(3));
    let seen = gate.everybody().await;
    assert_eq!(seen.len(), TICKETS);
    let entries = seen.iter().map(|item| item["entries"].as_u64().unwrap());
    let entries = usize::try_from(entries.sum::<u64>()).unwrap();
    assert_eq!(entries, scanned.count, "each scan counts once");
    let twice = seen.iter().filter(|item| item["usedTwice"] == true).count();
    assert_eq!(twice, scanned.count - TICKETS);
    // The earliest scan of each ticket is its entry, whichever came first.
    let mut expected: Vec<String> = scanned.first.values().map(Timestamp::to_string).collect();
    let first = |item: &Value| item["firstAt"].as_str().unwrap().to_owned();
    let mut found: Vec<String> = seen.iter().map(first).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let told = gate.stage.kinds().await;
    let came = told
        .iter()
        .filter(|kind| *kind == "event.registration.checked_in");
    assert_eq!(came.count(), REGISTRATIONS);
    assert_eq!(gate.kept().await, scanned.count, "every scan is kept");
}

fn result<'a>(reply: &'a TestReply, nonce: &str) -> &'a Value {
    let results = reply.body["results"].as_array().unwrap();
    results.iter().find(|it| it["nonce"] == nonce).unwrap()
}

/// B3-06: the scan of another ticket under a mark that is known is not lost: two
/// devices of the same name.
#[tokio::test]
async fn ev_20_a_mark_that_another_scan_has_is_no_repetition() {
    let gate = Gate::open(json!({}), json!({})).await;
    let [ada, bob] = [gate.guest(json!({})).await, gate.guest(json!({})).await];
    let scan = |ticket: &str| json!({"nonce": "1", "at": now(), "ticket": ticket});
    let first = gate.tickets(&ada).await.remove(0);
    let other = gate.tickets(&bob).await.remove(0);
    gate.upload("door-1", &[scan(&first)]).await.expect(200);
    let reply = gate.upload("door-1", &[scan(&other)]).await.expect(200);
    assert_eq!(reply.body["taken"], json!(["1"]));
    assert_eq!(reply.body["results"], json!([]));
    let reply = gate.upload("door-1", &[scan(&first)]).await.expect(200);
    assert_eq!(result(&reply, "1")["duplicate"], true);
    assert_eq!(gate.attendance("").await["admitted"], 1);
    let fresh = json!({"nonce": "2", "at": now(), "ticket": other});
    let reply = gate.upload("door-1", &[fresh]).await.expect(200);
    assert_eq!(result(&reply, "2")["admitted"], true);
    assert_eq!(gate.attendance("").await["admitted"], 2);
}

/// B3-06: a device whose clock is wrong says what it shows, and its scans are
/// put right.
#[tokio::test]
async fn ev_20_scans_of_a_wrong_clock_are_put_right() {
    let lists = json!([{"id": "main", "name": "Main", "opensAt": "2026-09-01T09:00:00Z"}]);
    let gate = Gate::open(json!({}), json!({"checkInLists": lists})).await;
    let guest = gate.guest(json!({})).await;
    let ticket = gate.tickets(&guest).await.remove(0);
    // Its battery was empty: it begins at 1970. A minute ago somebody came.
    let body = json!({"device": "old", "sentAt": "1970-01-01T00:05:00Z", "scans": [
        {"nonce": "1", "at": "1970-01-01T00:04:00Z", "ticket": ticket}]});
    let reply = gate
        .stage
        .act(&gate.door, &gate.event, "check-ins/upload", body)
        .await
        .expect(200);
    assert_eq!(result(&reply, "1")["reason"], "admitted");
    let minute_ago = now() - SignedDuration::from_secs(60);
    let seen = gate.attendance("").await;
    assert_eq!(seen["items"][0]["firstAt"], json!(minute_ago));
}
