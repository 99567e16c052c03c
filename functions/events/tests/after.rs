use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::testing::{TestReply, TestUser};

use crate::door::Gate;
use crate::support::path;

impl Gate {
    /// The same people, signed in anew.
    pub fn later(&mut self, hours: i64) {
        self.stage
            .world
            .clock
            .advance(SignedDuration::from_hours(hours));
        for user in [&mut self.author, &mut self.door] {
            user.token = self
                .stage
                .world
                .token(&self.stage.world.claims(user.id, user.session));
        }
    }

    pub fn again(&self, user: &TestUser) -> TestUser {
        let token = self
            .stage
            .world
            .token(&self.stage.world.claims(user.id, user.session));
        TestUser {
            token,
            ..user.clone()
        }
    }

    pub async fn say(&self, user: &TestUser, body: Value) -> TestReply {
        let path = format!("{}/feedback", path(&self.event));
        self.stage
            .api
            .put(&path)
            .bearer(user)
            .json(body)
            .send()
            .await
    }

    async fn export(&self, user: &TestUser, what: &str) -> TestReply {
        let path = format!("{}/exports/{what}", path(&self.event));
        self.stage.api.get(&path).bearer(user).send().await
    }
}

/// B3-12: attendees say what they thought, once it is over, once each.
#[tokio::test]
async fn ev_20_feedback_is_for_attendees_after_the_end() {
    let mut gate = Gate::open(json!({"capacity": 3}), json!({})).await;
    let mut guests = Vec::new();
    for _ in 0..4 {
        guests.push(gate.guest(json!({})).await);
    }
    let good = json!({"rating": 5, "comment": "Wonderful."});
    gate.say(&guests[0], good.clone())
        .await
        .expect(409)
        .problem("feedback-closed");
    gate.later(24 * 60);
    let guests: Vec<TestUser> = guests.iter().map(|user| gate.again(user)).collect();
    gate.say(&guests[3], good.clone()).await.expect(403);
    gate.say(&gate.author, good.clone()).await.expect(403);
    for bad in [
        json!({"rating": 0}),
        json!({"rating": 6}),
        json!({"rating": 3, "comment": "x".repeat(2001)}),
    ] {
        gate.say(&guests[0], bad).await.expect(400);
    }
    gate.say(&guests[0], json!({"rating": 1})).await.expect(200);
    gate.say(&guests[0], good.clone()).await.expect(200);
    gate.say(&guests[0], good).await.expect(200);
    gate.say(
        &guests[1],
        json!({"rating": 2, "comment": "=HYPERLINK(\"x\")"}),
    )
    .await
    .expect(200);
    let results = format!("{}/feedback", path(&gate.event));
    let read = |user: &TestUser| gate.stage.api.get(&results).bearer(user).send();
    read(&guests[0]).await.expect(403);
    read(&gate.door).await.expect(403);
    let seen = read(&gate.author).await.expect(200);
    assert_eq!(
        (&seen.body["count"], &seen.body["average"]),
        (&json!(2), &json!(3.5))
    );
    assert_eq!(seen.body["distribution"], json!([0, 1, 0, 0, 1]));
    assert!(!seen.text.contains("user_"), "without names");
    let mine = format!("{results}/me");
    let mine = gate
        .stage
        .api
        .get(&mine)
        .bearer(&guests[0])
        .send()
        .await
        .expect(200);
    assert_eq!(mine.body["rating"], 5);
    let csv = gate.export(&gate.author, "feedback").await.expect(200).text;
    assert!(csv.contains("\"'=HYPERLINK"), "{csv}");
    assert!(!csv.contains("user_"));
    let told = gate.stage.kinds().await;
    assert_eq!(
        told.iter()
            .filter(|kind| *kind == "event.feedback.given")
            .count(),
        4
    );
}

/// B3-12: everything that an organiser owns, page by page, in two forms.
#[tokio::test]
async fn ev_20_exports_of_everything_in_pages() {
    let questions = json!([
        {"id": "motto", "label": "=Motto", "type": "text"},
        {"id": "days", "label": "Days", "type": "multi-choice", "options": ["mon", "tue"]},
    ]);
    let gate = Gate::open(json!({}), json!({"questions": questions})).await;
    let mut guests = Vec::new();
    for motto in ["@cmd", "a, \"b\"\nc", "plain"] {
        let answers = json!({"answers": {"motto": motto, "days": ["mon", "tue"]}});
        let guest = gate.guest(answers).await;
        let ticket = gate.tickets(&guest).await.remove(0);
        assert_eq!(gate.scan(json!({"ticket": ticket})).await, "admitted");
        guests.push(guest);
    }
    let (mut text, mut next, mut pages) = (String::new(), String::new(), 0);
    loop {
        let page = gate
            .export(&gate.author, &format!("registrations?limit=2{next}"))
            .await
            .expect(200);
        assert_eq!(page.header("content-type"), "text/csv; charset=utf-8");
        text.push_str(&page.text);
        pages += 1;
        let cursor = page.header("next-cursor");
        if cursor.is_empty() {
            break;
        }
        assert!(
            page.header("link").contains(cursor),
            "{}",
            page.header("link")
        );
        next = format!("&cursor={cursor}");
    }
    assert!(pages >= 2);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    assert_eq!(&heads[10], "'=Motto");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    let mut mottos: Vec<&str> = rows.iter().map(|row| &row[10]).collect();
    mottos.sort_unstable();
    assert_eq!(mottos, ["'@cmd", "a, \"b\"\nc", "plain"]);
    assert!(
        rows.iter()
            .all(|row| &row[11] == "mon;tue" && &row[4] == "checked_in")
    );
    let lines = gate
        .export(&gate.author, "registrations?format=ndjson")
        .await
        .expect(200);
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let objects: Vec<Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 3);
    assert!(
        objects
            .iter()
            .any(|object| object["answers"]["motto"] == "@cmd")
    );
    let scans = gate
        .export(&gate.author, "check-ins?format=ndjson")
        .await
        .expect(200)
        .text;
    assert_eq!(
        scans
            .lines()
            .filter(|line| line.contains("\"verdict\":\"admitted\""))
            .count(),
        3
    );
    let scans = gate
        .export(&gate.author, "check-ins")
        .await
        .expect(200)
        .text;
    assert_eq!(scans.lines().count(), 4, "{scans}");
    for user in [&gate.door, &guests[0]] {
        gate.export(user, "registrations").await.expect(403);
    }
    gate.export(&gate.author, "secrets").await.expect(404);
    let cursor = next.trim_start_matches("&cursor=").to_owned();
    gate.export(&gate.author, &format!("check-ins?cursor={cursor}"))
        .await
        .expect(400);
}
