//! B1-12, XC-03, SC-11: a person takes everything along, leaves, comes back, and
//! leaves for good, through every group of the deployed stack.

use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use shared::personal::GROUPS;

use crate::stack::{PASSWORD, Person, Stack, draft, eventually, send, somewhere, text};

/// The tokens and keys of an account are refused everywhere within this.
const REVOKED_WITHIN: Duration = Duration::from_secs(6);

/// Everything that the API lets a person have, in every group.
async fn settled(stack: &Stack, who: &Person, host: &Person) -> Value {
    let token = json!({"token": stack.mailed(who, "/v1/auth/verify-email#").await});
    who.post("/v1/auth/verify-email", &token).await.expect(204);
    let agrees = json!({"granted": true, "version": "1"});
    let consent = who.put("/v1/users/me/consents/news", &agrees).await;
    consent.expect(200);
    let event = host.publishes(json!({"capacity": 1})).await;
    let path = format!("/v1/events/{}", text(&event, "id"));
    let save = format!("{path}/save");
    who.put(&save, &json!({})).await.expect(204);
    let registrations = format!("{path}/registrations");
    who.post(&registrations, &json!({})).await.expect(201);
    who.post("/v1/events", &draft(json!({"title": "Mine alone"})))
        .await
        .expect(201);
    let profile = json!({"headline": "Rust", "offers": ["rust"], "lookingFor": ["serverless"]});
    let put = who.put("/v1/matchmaking/profile", &profile).await;
    assert!(put.status.is_success(), "{}", put.body);
    let picture =
        json!({"contentType": "image/png", "bytes": 100, "fileName": "a.png", "alt": "A"});
    who.post("/v1/media/uploads", &picture).await.expect(201);
    who.told("registration.confirmed").await;
    event
}

async fn completed(operation: impl AsyncFn() -> Value) -> Value {
    let operation = &operation;
    eventually("the operation", || async move {
        let seen = operation().await;
        (seen["status"] == "completed").then_some(seen)
    })
    .await
}

/// SC-11: one file with the part of every group, for its owner alone.
async fn takes_everything(stack: &Stack, who: &Person, other: &Person) {
    let asked = who.post("/v1/users/me/export", &json!({})).await;
    let path = asked.header("location").to_owned();
    asked.expect(202);
    let done = completed(async || who.get(&path).await.body).await;
    other.get(&path).await.expect(404);
    stack.get(&path).await.expect(404);
    who.told("user.export.completed").await;
    let link = text(&done["download"], "link");
    let link = link.strip_prefix(&who.url()).unwrap();
    other.post(link, &json!({})).await.expect(404);
    let address = who.post(link, &json!({})).await.expect(200).body;
    let file = send(somewhere().get(text(&address, "href"))).await;
    let file = file.expect(200);
    let mut archive = zip::ZipArchive::new(Cursor::new(file.bytes)).unwrap();
    for group in GROUPS {
        let mut part = String::new();
        let mut entry = archive.by_name(&format!("{group}.json")).unwrap();
        entry.read_to_string(&mut part).unwrap();
        let part: Value = serde_json::from_str(&part).unwrap();
        let something = part.as_object().unwrap().values().any(|section| {
            section.as_array().is_some_and(|list| !list.is_empty()) || section.is_object()
        });
        assert!(something, "{group} has nothing: {part}");
        if group == "auth" {
            assert_eq!(part["account"]["email"], who.email.as_str());
        }
    }
}

/// B1-12: out at once, and back by a sign-in.
async fn leaves_and_comes_back(stack: &Stack, who: &Person) -> Person {
    let left = who.delete("/v1/users/me").await.expect(202);
    let path = left.header("location").to_owned();
    let began = Instant::now();
    for route in ["/v1/users/me", "/v1/events/saved", "/v1/notifications"] {
        loop {
            if who.get(route).await.status == 401 {
                break;
            }
            assert!(began.elapsed() < REVOKED_WITHIN, "{route} still answers");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
    stack.mailed(who, "/v1/users/me/deletion/cancel#").await;
    let credentials = json!({"email": who.email, "password": PASSWORD});
    let login = || stack.request(&somewhere(), Method::POST, "/v1/auth/login");
    let refused = send(login().json(&credentials)).await.expect(403);
    let refused = refused.problem("account-deleting");
    let cancel = json!({"token": refused.body["cancelToken"]});
    let path_of_cancel = "/v1/users/me/deletion/cancel";
    let undo = stack.request(&somewhere(), Method::POST, path_of_cancel);
    send(undo.json(&cancel)).await.expect(204);
    eventually("the operation is cancelled", || async {
        let seen = stack.get(&path).await.body;
        (seen["status"] == "cancelled").then_some(())
    })
    .await;
    let mut back = who.clone();
    back.token = stack.login(who).await;
    back
}

/// XC-03: given up, erased by every group, and proved by the operation's id.
async fn leaves_for_good(stack: &Stack, who: &Person) {
    let left = who.delete("/v1/users/me").await.expect(202);
    let path = left.header("location").to_owned();
    let worker = stack.function("authWorkerFunction");
    let command = json!({"erase": {"email": who.email}});
    let given_up = stack.invoke(worker, &command).await;
    assert!(path.ends_with(text(&given_up, "operationId")), "{given_up}");
    // Events answers after a second look, which its schedule takes.
    let (events, schedule) = (
        stack.function("eventsWorkerFunction"),
        json!({"sweep": "offers"}),
    );
    let done = completed(async || {
        stack.invoke(events, &schedule).await;
        stack.get(&path).await.body
    })
    .await;
    let proof = done.to_string();
    assert!(
        !proof.contains(&who.id) && !proof.contains(&who.email),
        "{proof}"
    );
    for group in GROUPS {
        let step = done["steps"]
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["group"] == group)
            .unwrap();
        assert_eq!(step["status"], "completed", "{step}");
    }
    let credentials = json!({"email": who.email, "password": PASSWORD});
    let login = stack.request(&somewhere(), Method::POST, "/v1/auth/login");
    let unknown = send(login.json(&credentials)).await.expect(401);
    unknown.problem("invalid-credentials");
    let again = stack.invoke(worker, &command).await;
    assert!(again["refused"].is_string(), "{again}");
}

#[tokio::test]
async fn b1_12_xc_03_sc_11_a_person_leaves_with_everything() {
    let stack = Stack::up();
    let (ada, bob, host) = (
        stack.person("ada").await,
        stack.person("bob").await,
        stack.person("host").await,
    );
    let event = settled(&stack, &ada, &host).await;
    let registrations = format!("/v1/events/{}/registrations", text(&event, "id"));
    let waits = bob.post(&registrations, &json!({})).await.expect(201);
    assert_eq!(waits.body["status"], "waitlisted");
    takes_everything(&stack, &ada, &bob).await;
    let ada = leaves_and_comes_back(&stack, &ada).await;
    let mine = format!("{registrations}/me");
    // Functions remember for some seconds that the account was deactivated.
    let kept = eventually("the place", || async {
        let answer = ada.get(&mine).await;
        (answer.status == 200).then_some(answer.body)
    })
    .await;
    assert_eq!(kept["status"], "confirmed");
    leaves_for_good(&stack, &ada).await;
    // The place that became free is offered, and nothing shows who had it.
    eventually("the place goes on", || async {
        let mine = bob.get(&mine).await.body;
        ["offered", "confirmed"]
            .contains(&mine["status"].as_str().unwrap_or_default())
            .then_some(())
    })
    .await;
    let attendees = host.get(&registrations).await.expect(200);
    assert!(
        !attendees.body.to_string().contains(&ada.id),
        "{}",
        attendees.body
    );
}
