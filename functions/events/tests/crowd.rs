//! Many want the same, and groups among them.

use futures::future::join_all;
use jiff::SignedDuration;
use plenary_events::model::{Registration, RegistrationStatus};
use plenary_events::store::{Guard, HEIRS, Seats, moved};
use serde_json::{Value, json};
use shared::commit::CommitError;
use shared::id::EventId;
use shared::testing::{TestUser, cx};

use crate::support::{Stage, path};

pub fn id(event: &Value) -> EventId {
    event["id"].as_str().unwrap().parse().unwrap()
}

async fn patch(stage: &Stage, author: &TestUser, event: &Value, changes: Value) {
    let request = stage.api.patch(&path(event)).bearer(author);
    let reply = request.header("if-match", "*").json(changes).send().await;
    reply.expect(200);
}

/// EV-20, B3-03: a group that is larger than the event, or than the quota,
/// waits for nothing: it is told so, and holds nobody up.
#[tokio::test]
async fn ev_20_a_group_larger_than_the_event_freezes_nobody() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 2})).await;
    let groups = json!({"maxPerRegistration": 3});
    stage.admit(&author, &event, groups).await.expect(200);
    let [group, single] = [stage.world.user(), stage.world.user()];
    let three = json!({"quantity": 3});
    let refused = stage.wish(&group, &event, three).await.expect(409);
    refused.problem("event-full");
    let reply = stage.wish(&single, &event, json!({})).await.expect(201);
    assert_eq!(reply.body["status"], "confirmed");
    let add = json!({"userId": group.id, "quantity": 3});
    let refused = stage.act(&author, &event, "attendees", add).await;
    refused.expect(409).problem("event-full");
    // The same for the quota of a type.
    let event = stage.published(&author, json!({"capacity": 50})).await;
    let types = json!([{"id": "vip", "name": "VIP", "quota": 2, "maxPerRegistration": 5}]);
    let types = json!({"ticketTypes": types});
    stage.admit(&author, &event, types).await.expect(200);
    let five = json!({"quantity": 5});
    let refused = stage.wish(&group, &event, five).await.expect(409);
    refused.problem("event-full");
    let reply = stage.wish(&single, &event, json!({})).await.expect(201);
    assert_eq!(reply.body["status"], "confirmed");
}

/// B3-03: a group that waits when the event is made smaller than it is passed.
#[tokio::test]
async fn ev_20_a_smaller_event_passes_the_groups_that_never_fit() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 3})).await;
    let groups = json!({"maxPerRegistration": 3});
    stage.admit(&author, &event, groups).await.expect(200);
    let users: Vec<TestUser> = (0..5).map(|_| stage.world.user()).collect();
    for (user, quantity) in users.iter().zip([1, 1, 3, 1]) {
        let wish = json!({"quantity": quantity});
        stage.wish(user, &event, wish).await.expect(201);
        stage.world.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(stage.mine(&users[3], &event).await["status"], "waitlisted");
    patch(&stage, &author, &event, json!({"capacity": 2})).await;
    stage.withdraw(&users[0], &event).await.expect(204);
    let next = stage.mine(&users[3], &event).await;
    assert_eq!(next["status"], "confirmed", "the group of 3 is passed");
    stage.withdraw(&users[1], &event).await.expect(204);
    let newcomer = stage.wish(&users[4], &event, json!({})).await.expect(201);
    assert_eq!(newcomer.body["status"], "confirmed", "and by newcomers");
    // Larger again, it has its place in the order.
    patch(&stage, &author, &event, json!({"capacity": 5})).await;
    let late = stage.world.user();
    let late = stage.wish(&late, &event, json!({})).await.expect(201);
    assert_eq!(late.body["status"], "waitlisted");
}

fn early_and_standard() -> Value {
    json!({"ticketTypes": [
        {"id": "early", "name": "Early bird", "quota": 1},
        {"id": "standard", "name": "Standard"},
    ]})
}

/// B3-02, B3-03: while some wait for one type, others sell as if nobody waited:
/// nobody is told that all is taken while there are places.
#[tokio::test]
async fn ev_19_20_one_types_waitlist_does_not_slow_the_others() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 500})).await;
    let types = early_and_standard();
    stage.admit(&author, &event, types).await.expect(200);
    let wish = |kind: &'static str| {
        let (stage, event) = (&stage, &event);
        async move {
            let user = stage.world.user();
            let wish = json!({"ticketType": kind});
            stage.wish(&user, event, wish).await.expect(201).body
        }
    };
    assert_eq!(wish("early").await["status"], "confirmed");
    assert_eq!(wish("early").await["status"], "waitlisted");
    let kinds = (0..80).map(|i| if i % 4 == 0 { "early" } else { "standard" });
    let told = join_all(kinds.map(wish)).await;
    for reply in &told {
        let expected = if reply["ticketType"] == "early" {
            "waitlisted"
        } else {
            "confirmed"
        };
        assert_eq!(reply["status"], expected);
    }
    let read = stage.read(&author, &event).await.body;
    let counts = (&read["attendeeCount"], &read["waitlistCount"]);
    assert_eq!(counts, (&json!(61), &json!(21)));
}

/// B3-02: an import looks again, as a registration does.
#[tokio::test]
async fn ev_20_an_import_stands_the_traffic() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 500})).await;
    let types = early_and_standard();
    stage.admit(&author, &event, types).await.expect(200);
    for _ in 0..2 {
        let user = stage.world.user();
        let wish = json!({"ticketType": "early"});
        stage.wish(&user, &event, wish).await.expect(201);
    }
    let rows = (0..20).map(|_| format!("{},standard\n", stage.world.user().id));
    let rows = rows.collect::<Vec<_>>().concat();
    let body = json!({"csv": format!("userId,ticketType\n{rows}")});
    let import = stage.act(&author, &event, "attendees/import", body);
    let rush = join_all((0..60).map(|_| async {
        let user = stage.world.user();
        let wish = json!({"ticketType": "standard"});
        stage.wish(&user, &event, wish).await.expect(201)
    }));
    let (report, _) = tokio::join!(import, rush);
    let report = report.expect(200).body;
    let sums = (&report["registered"], &report["failed"]);
    assert_eq!(sums, (&json!(20), &json!(0)), "{report}");
}

/// B3-03: five places that come back at once, two who wait, and a third who
/// joins in this moment: nobody waits beside a free place.
#[tokio::test]
async fn ev_20_a_group_that_leaves_leaves_nobody_waiting() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 5})).await;
    let group = stage.world.user();
    let add = json!({"userId": group.id, "quantity": 5});
    let added = stage.act(&author, &event, "attendees", add).await;
    added.expect(201);
    let waiting: Vec<TestUser> = (0..3).map(|_| stage.world.user()).collect();
    for user in &waiting[..2] {
        stage.register(user, &event).await.expect(201);
    }
    let store = &stage.store;
    let hall = store.hall(id(&event), HEIRS).await.unwrap().unwrap();
    let was = store.registration(id(&event), group.id).await;
    stage.register(&waiting[2], &event).await.expect(201);
    let mut commit = store.commit(&cx());
    let was = was.unwrap().unwrap();
    let released = store.release(&mut commit, &hall, &was, None).await;
    released.unwrap();
    let lost = commit.execute().await;
    assert!(matches!(lost, Err(CommitError::Condition(_))), "{lost:?}");
    stage.withdraw(&group, &event).await.expect(204);
    for user in &waiting {
        assert_eq!(stage.mine(user, &event).await["status"], "confirmed");
    }
}

/// B3-02: a type that is removed in this moment is not sold any more, nor waited
/// for.
#[tokio::test]
async fn ev_20_a_type_that_was_removed_is_not_sold() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    let types = early_and_standard();
    stage.admit(&author, &event, types).await.expect(200);
    let store = &stage.store;
    let hall = store.hall(id(&event), HEIRS).await.unwrap().unwrap();
    let other = json!({"ticketTypes": [{"id": "early", "name": "Early bird"}]});
    stage.admit(&author, &event, other).await.expect(200);
    for status in [
        RegistrationStatus::Confirmed,
        RegistrationStatus::Waitlisted,
    ] {
        let user = stage.world.user().id;
        let registration = Registration {
            ticket_type: "standard".into(),
            waiting: Some("1".into()),
            ..Registration::new(id(&event), user, status, store.now())
        };
        let mut commit = store.commit(&cx());
        let mut seats = Seats::of(&hall.event, &hall.counts, &mut commit);
        if status == RegistrationStatus::Confirmed {
            seats.confirm(&registration);
        } else {
            seats.wait(&registration);
        }
        seats.settle(Guard::of_place(&hall.counts), moved());
        let lost = commit.execute().await;
        assert!(matches!(lost, Err(CommitError::Condition(_))), "{lost:?}");
    }
    let seen = stage.admission(&event).await;
    assert_eq!(seen["ticketTypes"].as_array().unwrap().len(), 1);
}

/// EV-19: what others change all the time is 503, and is no full event.
#[tokio::test]
async fn ev_19_contention_says_come_again() {
    let problem = moved();
    assert_eq!(problem.status(), 503);
    let body = problem.body("/", "c");
    assert_eq!(body["type"], "/v1/problems/crowded");
    let reply = axum::response::IntoResponse::into_response(problem);
    assert_eq!(reply.headers()["retry-after"], "1");
}

/// EV-20: the place on a long waitlist is not counted to its end.
#[tokio::test]
async fn ev_20_the_place_on_a_long_waitlist_is_bounded() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    let groups = json!({"maxPerRegistration": 2});
    stage.admit(&author, &event, groups).await.expect(200);
    stage.register(&author, &event).await.expect(201);
    let (read, counts) = stage.store.event(id(&event)).await.unwrap();
    let third = stage.world.user();
    for chunk in 0..35 {
        let mut commit = stage.store.commit(&cx());
        let mut seats = Seats::of(&read, &counts, &mut commit);
        for i in 0..30 {
            let user = if (chunk, i) == (0, 2) {
                third.id
            } else {
                stage.world.user().id
            };
            let (status, now) = (RegistrationStatus::Waitlisted, stage.store.now());
            seats.wait(&Registration {
                waiting: Some(format!("2026-01-01T00:00:{chunk:02}.{i:02}")),
                ..Registration::new(read.id, user, status, now)
            });
        }
        seats.settle(Guard::Nothing, moved());
        commit.execute().await.unwrap();
    }
    assert_eq!(stage.mine(&third, &event).await["waitlistPosition"], 3);
    let last = stage.world.user();
    let joined = stage.register(&last, &event).await.expect(201).body;
    assert_eq!(joined["waitlistPosition"], 1001);
    assert_eq!(stage.mine(&last, &event).await["waitlistPosition"], 1001);
}

/// B3-02, B3-10: what is too large is said, not swallowed by the store.
#[tokio::test]
async fn ev_20_large_admissions_and_answers_are_refused() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let options: Vec<String> = (0..50).map(|i| format!("{i:0>200}")).collect();
    let question = |i: usize| json!({"id": format!("q{i}"), "label": "Which?", "type": "choice", "options": options});
    let questions: Vec<Value> = (0..50).map(question).collect();
    let large = json!({"questions": questions});
    let refused = stage.admit(&author, &event, large).await.expect(400);
    assert_eq!(refused.body["errors"][0]["code"], "too-large");
    let unknown = json!({"id": "q", "label": "Which?", "type": "text", "ticketTypes": ["vpi"]});
    let unknown = json!({"questions": [unknown]});
    let refused = stage.admit(&author, &event, unknown).await.expect(400);
    let pointer = &refused.body["errors"][0]["pointer"];
    assert_eq!(pointer, "/questions/0/ticketTypes/0");
    let text = |i: usize| json!({"id": format!("q{i}"), "label": "Say", "type": "text"});
    let texts: Vec<Value> = (0..50).map(text).collect();
    let texts = json!({"questions": texts});
    stage.admit(&author, &event, texts).await.expect(200);
    let user = stage.world.user();
    let answers = |each: usize| {
        let answers = (0..50).map(|i| (format!("q{i}"), json!("a".repeat(each))));
        json!({"answers": answers.collect::<serde_json::Map<_, _>>()})
    };
    let refused = stage.wish(&user, &event, answers(2000)).await.expect(400);
    assert_eq!(refused.body["errors"][0]["pointer"], "/answers");
    stage.wish(&user, &event, answers(300)).await.expect(201);
}

/// B3-02: all types of an event can be others at once, whatever their names.
#[tokio::test]
async fn ev_20_twenty_types_are_replaced_by_twenty() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let types = |letter: char| {
        let kind = |i: usize| {
            let id = format!("{letter}{i:0>30}");
            json!({"id": id, "name": "A type", "quota": 5, "maxPerRegistration": 2})
        };
        json!({"ticketTypes": (0..20).map(kind).collect::<Vec<_>>()})
    };
    for letter in ['a', 'b', 'c'] {
        let set = stage.admit(&author, &event, types(letter)).await;
        set.expect(200);
    }
    // One who waits for each, while another type sells.
    for i in 0..19 {
        for quantity in [2, 2, 2] {
            let wish = json!({"ticketType": format!("c{i:0>30}"), "quantity": quantity});
            let user = stage.world.user();
            stage.wish(&user, &event, wish).await.expect(201);
        }
    }
    let wish = json!({"ticketType": format!("c{:0>30}", 19), "quantity": 2});
    let user = stage.world.user();
    let sold = stage.wish(&user, &event, wish).await.expect(201);
    assert_eq!(sold.body["status"], "confirmed");
}

/// MM-05, EV-20: who was only registered by an organiser has not said that they
/// want to be seen there, until they do.
#[tokio::test]
async fn ev_20_an_organisers_addition_is_accepted_by_the_person() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let user = stage.world.user();
    let add = json!({"userId": user.id});
    let added = stage.act(&author, &event, "attendees", add).await;
    assert_eq!(added.expect(201).body["accepted"], false);
    let last = async |kind: &str| crate::worker::last(&stage, kind).await;
    let created = last("event.registration.created").await;
    assert_eq!(created.data["accepted"], false);
    let accept = |by: &TestUser| {
        let (stage, event, by) = (&stage, &event, by.clone());
        async move {
            stage
                .act(&by, event, "registrations/me/accept", json!({}))
                .await
        }
    };
    accept(&author).await.expect(404);
    for _ in 0..2 {
        let accepted = accept(&user).await.expect(200).body;
        let is = (&accepted["status"], &accepted["accepted"]);
        assert_eq!(is, (&json!("confirmed"), &json!(true)));
    }
    let promoted = last("event.registration.promoted").await;
    assert_eq!(promoted.data["userId"], json!(user.id));
    assert!(promoted.sequence > created.sequence);
    assert_eq!(promoted.data.get("accepted"), None, "absent means true");
    // Who registers by themselves wants it.
    let other = stage.world.user();
    let own = stage.register(&other, &event).await.expect(201).body;
    assert_eq!(own["accepted"], true);
}
