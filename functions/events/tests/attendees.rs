use plenary_events::model::Guest;
use serde_json::{Value, json};
use shared::digest::from_base64url;
use shared::principal::Role;
use shared::sealer::{Purpose, Sealer};
use shared::testing::{TestReply, TestUser};

use crate::support::{Stage, draft, path};
use crate::worker::last;

/// Between two letters to one person.
fn minute(stage: &Stage) {
    let minute = jiff::SignedDuration::from_secs(61);
    stage.world.clock.advance(minute);
}

async fn hand_over(stage: &Stage, user: &TestUser, event: &Value, to: Value) -> TestReply {
    stage
        .act(user, event, "registrations/me/transfer", to)
        .await
}

async fn take_over(stage: &Stage, user: &TestUser, event: &Value, body: Value) -> TestReply {
    stage
        .act(user, event, "registrations/take-over", body)
        .await
}

/// The code of the last letter.
pub async fn code(stage: &Stage) -> String {
    let told = last(stage, "event.registration.transfer.offered").await;
    let sealed = from_base64url(told.data["sealedToken"].as_str().unwrap()).unwrap();
    let clear = stage.sealer.open(Purpose::Mail, &sealed).await.unwrap();
    String::from_utf8(clear.to_vec()).unwrap()
}

/// B3-02: a registration goes to another user, who wants it; both are told.
#[tokio::test]
async fn ev_20_a_registration_is_handed_over_to_a_user() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    let questions = json!([{"id": "diet", "label": "Diet", "type": "text", "required": true}]);
    stage
        .admit(&author, &event, json!({"questions": questions}))
        .await
        .expect(200);
    let [giver, taker, other] = [stage.world.user(), stage.world.user(), stage.world.user()];
    let answers = json!({"answers": {"diet": "all"}});
    let first = stage.wish(&giver, &event, answers).await.expect(201).body;
    hand_over(&stage, &giver, &event, json!({}))
        .await
        .expect(400);
    hand_over(&stage, &giver, &event, json!({"userId": giver.id}))
        .await
        .expect(400);
    hand_over(&stage, &other, &event, json!({"userId": taker.id}))
        .await
        .expect(404);
    hand_over(&stage, &giver, &event, json!({"userId": taker.id}))
        .await
        .expect(202);
    let told = last(&stage, "event.registration.transfer.offered").await;
    assert_eq!(told.data["toUser"], json!(taker.id));
    let from = json!({"fromUserId": giver.id, "answers": {"diet": "vegan"}});
    take_over(&stage, &other, &event, from.clone())
        .await
        .expect(409)
        .problem("transfer-gone");
    let without = json!({"fromUserId": giver.id});
    let missing = take_over(&stage, &taker, &event, without).await.expect(400);
    assert_eq!(missing.body["errors"][0]["pointer"], "/answers/diet");
    let theirs = take_over(&stage, &taker, &event, from.clone())
        .await
        .expect(201)
        .body;
    assert_ne!(
        theirs["id"], first["id"],
        "tickets of the one before are void"
    );
    assert_eq!(
        (&theirs["status"], &theirs["answers"]["diet"]),
        (&json!("confirmed"), &json!("vegan"))
    );
    assert_eq!(stage.mine(&giver, &event).await["status"], "cancelled");
    take_over(&stage, &taker, &event, from)
        .await
        .expect(409)
        .problem("transfer-gone");
    let ended = last(&stage, "event.registration.cancelled").await;
    assert_eq!(ended.data["userId"], json!(giver.id));
    let created = last(&stage, "event.registration.created").await;
    assert_eq!(created.data["userId"], json!(taker.id));
    let read = stage.read(&author, &event).await.body;
    assert_eq!(read["attendeeCount"], 1);
}

/// B3-02: a letter's code works once, for whoever has it, until it is taken back.
#[tokio::test]
async fn ev_20_a_registration_is_handed_over_to_an_address() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 2})).await;
    let [giver, taker, late] = [stage.world.user(), stage.world.user(), stage.world.user()];
    stage.register(&giver, &event).await.expect(201);
    hand_over(&stage, &giver, &event, json!({"email": "no address"}))
        .await
        .expect(400);
    let link = format!("{}/registrations/take-over", path(&event));
    let page = stage.api.get(&link).send().await.expect(200);
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    let offered = hand_over(
        &stage,
        &giver,
        &event,
        json!({"email": "Grace@Example.org"}),
    )
    .await
    .expect(202);
    let old = code(&stage).await;
    assert!(
        !offered.text.contains(&old),
        "the giver never sees the code"
    );
    let transfer = format!("{}/registrations/me/transfer", path(&event));
    stage
        .api
        .delete(&transfer)
        .bearer(&giver)
        .send()
        .await
        .expect(204);
    take_over(&stage, &taker, &event, json!({"code": old}))
        .await
        .expect(409)
        .problem("transfer-gone");
    minute(&stage);
    hand_over(
        &stage,
        &giver,
        &event,
        json!({"email": "grace@example.org"}),
    )
    .await
    .expect(202);
    let code = code(&stage).await;
    for bad in [format!("{code}x"), "nonsense".into()] {
        take_over(&stage, &taker, &event, json!({"code": bad}))
            .await
            .expect(409);
    }
    take_over(&stage, &taker, &event, json!({"code": code}))
        .await
        .expect(201);
    take_over(&stage, &late, &event, json!({"code": code}))
        .await
        .expect(409);
    assert_eq!(stage.mine(&taker, &event).await["status"], "confirmed");
    // Who hands over and over sends letters and letters.
    stage.register(&giver, &event).await.expect(201);
    for _ in 2..5 {
        minute(&stage);
        hand_over(&stage, &giver, &event, json!({"email": "a@b.example"}))
            .await
            .expect(202);
    }
    minute(&stage);
    hand_over(&stage, &giver, &event, json!({"email": "a@b.example"}))
        .await
        .expect(409)
        .problem("conflict");
}

/// B3-02: organisers add users and addresses; an address claims its registration.
#[tokio::test]
async fn ev_20_organisers_add_attendees() {
    let stage = Stage::new().await;
    let org = stage.organization(false).await;
    let author = stage.member(org, Role::Organizer).await;
    let door = stage.member(org, Role::Checkin).await;
    let body = json!({"organizationId": org, "capacity": 2});
    let event = stage.create(&author, draft(body)).await;
    stage
        .act(&author, &event, "publish", json!({}))
        .await
        .expect(200);
    let user = stage.world.user();
    let add = |by: &TestUser, body: Value| {
        let (stage, by, event) = (&stage, by.clone(), event.clone());
        async move { stage.act(&by, &event, "attendees", body).await }
    };
    add(&door, json!({"userId": user.id})).await.expect(403);
    add(&author, json!({"userId": user.id})).await.expect(201);
    add(&author, json!({"userId": user.id})).await.expect(200);
    add(&author, json!({"userId": user.id, "quantity": 2}))
        .await
        .expect(409)
        .problem("already-registered");
    let guest = json!({"email": "Grace@example.org", "name": "Grace Hopper"});
    let made = add(&author, guest.clone()).await.expect(201).body;
    assert_eq!(
        made["guest"],
        json!({"name": "Grace Hopper", "email": "grace@example.org"})
    );
    add(&author, guest.clone()).await.expect(200);
    let full = json!({"userId": stage.world.user().id});
    add(&author, full).await.expect(409).problem("event-full");
    let grace = stage.world.user();
    let letter = code(&stage).await;
    take_over(&stage, &grace, &event, json!({"code": letter}))
        .await
        .expect(201);
    add(&author, guest).await.expect(200);
    assert_eq!(stage.read(&author, &event).await.body["attendeeCount"], 2);
    let id = event["id"].as_str().unwrap().parse().unwrap();
    let stand_in = Guest::stand_in(id, "grace@example.org");
    let remove = |user: &str| {
        stage
            .api
            .delete(&format!("{}/attendees/{user}", path(&event)))
    };
    remove(&user.id.to_string())
        .bearer(&door)
        .send()
        .await
        .expect(403);
    remove(&user.id.to_string())
        .bearer(&author)
        .send()
        .await
        .expect(204);
    remove(&stand_in.to_string())
        .bearer(&author)
        .send()
        .await
        .expect(204);
    remove(&stage.world.user().id.to_string())
        .bearer(&author)
        .send()
        .await
        .expect(404);
    let ended = last(&stage, "event.registration.cancelled").await;
    assert_eq!(
        ended.data["reason"],
        "The organiser cancelled your registration."
    );
    assert_eq!(stage.read(&author, &event).await.body["attendeeCount"], 1);
}

/// B3-02: a list is imported line by line, and again without harm.
#[tokio::test]
async fn ev_20_lists_are_imported_with_a_report_per_line() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 3})).await;
    let questions =
        json!([{"id": "diet", "label": "Diet", "type": "choice", "options": ["all", "vegan"]}]);
    stage
        .admit(&author, &event, json!({"questions": questions}))
        .await
        .expect(200);
    let user = stage.world.user();
    let csv = format!(
        "email,userId,name,diet\n\
         ada@example.org,,Ada,vegan\n\
         ,{},,\n\
         not an address,,X,\n\
         bob@example.org,,Bob,meat\n\
         short\n\
         eve@example.org,,Eve,all\n\
         mallory@example.org,,Mallory,\n\
         ADA@example.org,,Ada again,all\n",
        user.id
    );
    let import = |dry_run: bool| {
        let body = json!({"csv": csv, "dryRun": dry_run});
        let (stage, event, author) = (&stage, &event, &author);
        async move {
            stage
                .act(author, event, "attendees/import", body)
                .await
                .expect(200)
                .body
        }
    };
    let lines = |report: &Value| -> Vec<String> {
        let lines = report["lines"].as_array().unwrap().iter();
        lines
            .map(|line| {
                let result = line["result"].as_str().unwrap_or_else(|| {
                    line["problem"]["type"]
                        .as_str()
                        .unwrap()
                        .rsplit('/')
                        .next()
                        .unwrap()
                });
                format!("{} {result}", line["line"])
            })
            .collect()
    };
    let dry = import(true).await;
    assert_eq!((&dry["dryRun"], &dry["failed"]), (&json!(true), &json!(4)));
    let foretold = lines(&dry);
    assert_eq!(stage.read(&author, &event).await.body["attendeeCount"], 0);
    let report = import(false).await;
    let expected = [
        "2 registered",
        "3 registered",
        "4 invalid-request",
        "5 invalid-request",
        "6 invalid-request",
        "7 registered",
        "8 event-full",
        "9 unchanged",
    ];
    assert_eq!(lines(&report), expected);
    assert_eq!(foretold, expected, "the dry run says what then happens");
    assert_eq!(
        report["lines"][3]["problem"]["errors"][0]["pointer"],
        "/answers/diet"
    );
    let again = import(false).await;
    assert_eq!(
        (&again["registered"], &again["unchanged"]),
        (&json!(0), &json!(4))
    );
    assert_eq!(stage.read(&author, &event).await.body["attendeeCount"], 3);
    let bad = json!({"csv": "email,colour\na@b.example,red\n"});
    stage
        .act(&author, &event, "attendees/import", bad)
        .await
        .expect(400);
    stage
        .act(&user, &event, "attendees/import", json!({"csv": "email\n"}))
        .await
        .expect(403);
}

async fn add(stage: &Stage, by: &TestUser, event: &Value, body: Value) -> TestReply {
    stage.act(by, event, "attendees", body).await
}

/// How many letters were put on their way.
async fn letters(stage: &Stage) -> usize {
    let kinds = stage.kinds().await;
    let sent = kinds
        .iter()
        .filter(|kind| *kind == "event.registration.transfer.offered");
    sent.count()
}

/// EV-20, AU-05: nobody's mailbox is filled by adding and removing them, nor by
/// many events.
#[tokio::test]
async fn ev_20_letters_to_guests_are_few() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let victim = json!({"email": "victim@example.org"});
    let stand_in = Guest::stand_in(crate::crowd::id(&event), "victim@example.org");
    let removed = format!("{}/attendees/{stand_in}", path(&event));
    for _ in 0..5 {
        let sent = add(&stage, &author, &event, victim.clone()).await;
        sent.expect(201);
        let removed = stage.api.delete(&removed).bearer(&author).send().await;
        removed.expect(204);
        let soon = add(&stage, &author, &event, victim.clone()).await;
        assert!(matches!(soon.status.as_u16(), 409 | 429), "{}", soon.text);
        minute(&stage);
    }
    let often = add(&stage, &author, &event, victim.clone()).await;
    often.expect(409).problem("conflict");
    assert_eq!(letters(&stage).await, 5);
    // From another event, and by import.
    let other = stage.published(&author, json!({})).await;
    add(&stage, &author, &other, victim.clone())
        .await
        .expect(201);
    let third = stage.published(&author, json!({})).await;
    let soon = add(&stage, &author, &third, victim).await.expect(429);
    assert!(soon.header("retry-after").parse::<u32>().unwrap() > 0);
    soon.problem("quota-exceeded");
    let csv = json!({"csv": "email\nVictim@example.org\nsomebody@example.org\n"});
    let report = stage.act(&author, &third, "attendees/import", csv).await;
    let report = report.expect(200).body;
    let sums = (&report["registered"], &report["failed"]);
    assert_eq!(sums, (&json!(1), &json!(1)), "{report}");
    assert_eq!(letters(&stage).await, 7);
}

/// EV-20, AU-05: nobody's inbox is filled by hand-overs either; what is refused
/// changes nothing.
#[tokio::test]
async fn ev_20_hand_overs_to_a_user_have_a_pause() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let [giver, other, victim] = [stage.world.user(), stage.world.user(), stage.world.user()];
    let to = json!({"userId": victim.id});
    let event = stage.published(&author, json!({})).await;
    for user in [&giver, &other] {
        stage.register(user, &event).await.expect(201);
    }
    let first = hand_over(&stage, &giver, &event, to.clone()).await;
    first.expect(202);
    for user in [&giver, &other] {
        let soon = hand_over(&stage, user, &event, to.clone())
            .await
            .expect(429);
        assert!(soon.header("retry-after").parse::<u32>().unwrap() > 0);
        soon.problem("quota-exceeded");
    }
    assert_eq!(letters(&stage).await, 1);
    let from = json!({"fromUserId": other.id});
    let refused = take_over(&stage, &victim, &event, from.clone()).await;
    refused.expect(409).problem("transfer-gone");
    let somebody = json!({"userId": stage.world.user().id});
    hand_over(&stage, &giver, &event, somebody)
        .await
        .expect(202);
    minute(&stage);
    hand_over(&stage, &other, &event, to).await.expect(202);
    take_over(&stage, &victim, &event, from).await.expect(201);
}

/// EV-20, AU-05: a personal event's author has a hundred letters a day.
#[tokio::test]
async fn ev_20_letters_of_a_day_are_counted() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({})).await;
    let rows = |from: usize| {
        let rows = (from..from + 60).map(|i| format!("guest{i}@example.org\n"));
        let rows = rows.collect::<Vec<_>>().concat();
        json!({"csv": format!("email\n{rows}")})
    };
    for (from, registered) in [(0, 60), (60, 40)] {
        let report = stage
            .act(&author, &event, "attendees/import", rows(from))
            .await
            .expect(200)
            .body;
        assert_eq!(report["registered"], registered);
    }
    assert_eq!(letters(&stage).await, 100);
    let user = json!({"userId": stage.world.user().id});
    let full = add(&stage, &author, &event, user).await.expect(429);
    full.problem("quota-exceeded");
    // Who does it for an organisation has its number.
    let org = stage.organization(false).await;
    let member = stage.member(org, Role::Organizer).await;
    let body = draft(json!({"organizationId": org}));
    let event = stage.create(&member, body).await;
    let published = stage.act(&member, &event, "publish", json!({})).await;
    published.expect(200);
    for from in [1000, 1060] {
        let report = stage
            .act(&member, &event, "attendees/import", rows(from))
            .await
            .expect(200)
            .body;
        assert_eq!(report["registered"], 60);
    }
}

/// EV-20: a guest who claimed the place and gave it up can be invited again.
#[tokio::test]
async fn ev_20_guests_are_invited_again() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 1})).await;
    let guest = json!({"email": "grace@example.org"});
    let grace = stage.world.user();
    for _ in 0..2 {
        let made = add(&stage, &author, &event, guest.clone()).await;
        made.expect(201);
        let claim = json!({"code": code(&stage).await});
        take_over(&stage, &grace, &event, claim).await.expect(201);
        let same = add(&stage, &author, &event, guest.clone()).await;
        let same = same.expect(200).body;
        assert_eq!(same["status"], "confirmed");
        stage.withdraw(&grace, &event).await.expect(204);
        minute(&stage);
    }
    assert_eq!(letters(&stage).await, 2);
}

/// EV-20: an organiser lets in who waits, out of turn, where there is a place;
/// who then need not wait any more gets one too.
#[tokio::test]
async fn ev_20_organisers_let_in_who_waits() {
    let stage = Stage::new().await;
    let author = stage.world.user();
    let event = stage.published(&author, json!({"capacity": 3})).await;
    let groups = json!({"maxPerRegistration": 3});
    stage.admit(&author, &event, groups).await.expect(200);
    let users: Vec<TestUser> = (0..4).map(|_| stage.world.user()).collect();
    for (user, quantity) in users.iter().zip([2, 3, 1, 1]) {
        let wish = json!({"quantity": quantity});
        stage.wish(user, &event, wish).await.expect(201);
        minute(&stage);
    }
    let status = |user: &TestUser| {
        let (stage, user, event) = (&stage, user.clone(), &event);
        async move { stage.mine(&user, event).await["status"].clone() }
    };
    let body = |user: &TestUser| json!({"userId": user.id});
    assert_eq!(status(&users[3]).await, "waitlisted");
    let let_in = add(&stage, &author, &event, body(&users[3])).await;
    assert_eq!(let_in.expect(201).body["status"], "confirmed");
    assert_eq!(status(&users[3]).await, "confirmed");
    let again = add(&stage, &author, &event, body(&users[3])).await;
    again.expect(200);
    let full = add(&stage, &author, &event, body(&users[2])).await;
    full.expect(409).problem("event-full");
    let read = stage.read(&author, &event).await.body;
    let counts = (&read["attendeeCount"], &read["waitlistCount"]);
    assert_eq!(counts, (&json!(3), &json!(4)));
    let promoted = last(&stage, "event.registration.promoted").await;
    assert_eq!(promoted.data["userId"], json!(users[3].id));
}
