//! XC-03, NO-16, SC-11: who leaves hears nothing more, who is gone has left
//! nothing behind, and who wants a copy gets all of it.

use jiff::SignedDuration;
use plenary_notifications::outgoing::MailError;
use serde_json::{Value, json};
use shared::event::auth::{
    AuthMailRequested, Letter, OrganizationInvitationCreated, UserContactChanged, UserRegistered,
};
use shared::event::events::{CalendarDetails, RegistrationCreated};
use shared::event::operations::{
    SagaStepCompleted, UserDeleted, UserDeletionCancelled, UserDeletionRequested,
    UserExportCompleted, UserExportRequested,
};
use shared::event::{Contract, Event};
use shared::id::{EventId, InvitationId, OperationId, OrganizationId, UserId};
use shared::personal::part_key;
use shared::principal::Role;
use shared::testing::{Moment, TestUser, now, stopped};

use crate::stage::{Next, Stage, address, contact, registration};

/// More await points than an erasure has; the test finds the true number.
const ENOUGH: usize = 2_000;

fn deleted(user: &TestUser) -> UserDeleted {
    UserDeleted {
        user_id: user.id,
        operation_id: OperationId::new(),
    }
}

fn to_calendar(created: RegistrationCreated) -> RegistrationCreated {
    RegistrationCreated {
        calendar: Some(CalendarDetails {
            sequence: 0,
            ends_at: created.starts_at + SignedDuration::from_hours(2),
            location: String::new(),
            cancelled: false,
            accepted: true,
        }),
        ..created
    }
}

async fn prefers(stage: &Stage, user: &TestUser, body: Value) {
    let put = stage.api.put("/v1/notifications/preferences").bearer(user);
    put.json(body).send().await.expect(200);
}

/// Something of every kind that is kept of a person: two letters went to the
/// mailbox, one waits there and one of a digest in the table.
async fn lives(stage: &Stage, ada: &TestUser, bob: &TestUser) {
    let organization = OrganizationId::new();
    stage.joins(ada, organization, Role::Approver, 1).await;
    stage
        .tell(
            &to_calendar(registration(ada.id, bob.id, EventId::new())),
            1,
            Some(ada.id),
        )
        .await;
    let tick = || stage.world.clock.advance(SignedDuration::from_secs(1));
    tick();
    let organises = registration(bob.id, ada.id, EventId::new());
    stage.tell(&organises, 1, Some(bob.id)).await;
    tick();
    prefers(stage, ada, json!({"digest": "daily"})).await;
    stage
        .tell(
            &registration(ada.id, bob.id, EventId::new()),
            1,
            Some(ada.id),
        )
        .await;
    let letter = AuthMailRequested {
        user_id: ada.id,
        email: address("Ada").to_uppercase(),
        template: Letter::ResetPassword,
        sealed_token: Some("sealed:s3cret".into()),
        expires_at: Some(now()),
        operation_id: None,
    };
    tick();
    stage.tell(&letter, 1, None).await;
    tick();
    let later = MailError::Later("throttled".into());
    stage.post.then(Next::Fail(later));
    stage.tell(&letter, 1, None).await;
}

/// What the table holds, but for what was published, stored replies and what
/// says that somebody is gone.
async fn kept(stage: &Stage) -> Vec<String> {
    let items = stage.world.db.items(stage.world.table()).await;
    let kinds = ["outbox", "seen", "erased", "reply"];
    let said = |item: &shared::table::Item| {
        let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
        !kind.is_some_and(|kind| kinds.contains(&kind.as_str())) && !item.contains_key("reply")
    };
    let all = items.iter().filter(|item| said(item));
    all.map(|item| format!("{item:?}")).collect()
}

async fn steps(stage: &Stage) -> Vec<Event> {
    let outbox = stage.world.outbox(stage.world.table()).await;
    let steps = outbox.into_iter();
    steps
        .filter(|event| event.kind == SagaStepCompleted::TYPE)
        .collect()
}

/// XC-03, NO-16: nothing that is kept holds the person or their address; what
/// waited is never sent; others keep theirs; and all of it is counted once.
#[tokio::test]
async fn xc_03_no_16_nothing_of_who_is_gone_is_kept() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    lives(&stage, &ada, &bob).await;
    let letters = stage.post.letters().len();
    let hash = shared::digest::sha256(&[address("Ada").as_bytes()]);
    let names = [ada.id.to_string(), "Ada".into(), "s3cret".into(), hash];
    for name in &names {
        let kept = kept(&stage).await;
        assert!(kept.iter().any(|item| item.contains(name)), "{name} before");
    }
    let gone = deleted(&ada);
    let event = stage.tell(&gone, 1, None).await;
    for name in &names {
        for item in kept(&stage).await {
            // Others were told of somebody whom nobody can name any more.
            let id = item.contains(&format!("\"actorId\": S(\"{}\")", ada.id));
            let others = item.contains(&bob.id.to_string()) && *name == names[0];
            assert!(!item.contains(name) || id && others, "{name}: {item}");
            assert!(!item.to_lowercase().contains("ada@example.org"), "{item}");
        }
    }
    let counts = json!({"addresses": 0, "calendars": 1, "groups": 1, "letters": 2, "mails": 3,
        "memberships": 1, "notifications": 3, "settings": 3});
    let step = steps(&stage).await.remove(0);
    let mut said = step.data["counts"].clone();
    for (name, number) in counts.as_object().unwrap() {
        let number = (*number != json!(0)).then_some(number.clone());
        assert_eq!(said.get(name).cloned(), number, "{name}: {said}");
        said.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(said, json!({}));
    assert_eq!(step.data["operationId"], json!(gone.operation_id));
    assert!(stage.handles(&event).await, "redelivered");
    let again = stage.event(&gone, 2, None);
    assert!(stage.handles(&again).await, "published twice");
    assert_eq!(steps(&stage).await.len(), 1);
    stage.world.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(stage.sweep().await, 0);
    assert_eq!(stage.post.letters().len(), letters, "nothing is sent");
    let mut bob = bob;
    stage.signs_in(&mut bob);
    let inbox = stage.inbox(&bob).await;
    let title = inbox
        .iter()
        .find(|entry| entry["type"] == "event.registrations");
    assert_eq!(
        title.unwrap()["title"],
        "Somebody registered for “RustConf”",
        "the name went with its owner"
    );
}

/// B1-04: what was sent to an address that somebody only claimed is neither in their
/// export nor goes with them: it may be its owner's.
#[tokio::test]
async fn b1_04_an_address_that_nobody_proved_leads_to_no_letters() {
    let stage = Stage::new().await;
    let mallory = stage.person("Mallory").await;
    let victim = address("Victim");
    let claimed = UserContactChanged {
        verified: false,
        ..contact(mallory.id, &victim)
    };
    stage.tell(&claimed, 9, Some(mallory.id)).await;
    let invited = OrganizationInvitationCreated {
        invitation_id: InvitationId::new(),
        organization_id: OrganizationId::new(),
        organization_name: "Rust Club".into(),
        user_id: None,
        email: Some(victim.clone()),
        role: Role::Member,
        sealed_token: Some("sealed:t0ken".into()),
        expires_at: now(),
    };
    stage.tell(&invited, 1, None).await;
    let of_victim = async || {
        let kept = kept(&stage).await;
        let own = kept.iter().filter(|item| item.contains(&victim));
        own.filter(|item| item.contains("Rust Club")).count()
    };
    assert_eq!(of_victim().await, 1);
    let wanted = UserExportRequested {
        user_id: mallory.id,
        operation_id: OperationId::new(),
    };
    stage.tell(&wanted, 1, Some(mallory.id)).await;
    let key = part_key(wanted.operation_id, "notifications");
    let part = String::from_utf8(stage.exports.bytes(&key).unwrap()).unwrap();
    assert!(!part.contains("Rust Club"), "{part}");
    let part: Value = serde_json::from_str(&part).unwrap();
    assert_eq!(part["deliveries"], json!([]));
    stage.tell(&deleted(&mallory), 1, None).await;
    assert_eq!(of_victim().await, 1, "its owner's letter stays");
}

/// XC-03: whatever comes late creates nothing of who is gone, and others still
/// hear; a letter that was sent before is not sent again.
#[tokio::test]
async fn xc_03_late_events_bring_nobody_back() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    let letter = AuthMailRequested {
        user_id: ada.id,
        email: address("Ada"),
        template: Letter::VerifyEmail,
        sealed_token: Some("sealed:s3cret".into()),
        expires_at: None,
        operation_id: None,
    };
    let before = stage.tell(&letter, 1, None).await;
    let told = registration(ada.id, bob.id, EventId::new());
    let told = stage.tell(&told, 1, Some(ada.id)).await;
    stage.tell(&deleted(&ada), 1, None).await;
    let letters = stage.post.letters().len();
    assert!(stage.handles(&before).await);
    assert!(stage.handles(&told).await);
    // Another, which the account's own erasing overtook.
    stage.tell(&letter, 2, None).await;
    let registered = UserRegistered {
        user_id: ada.id,
        name: Some("Ada".into()),
        username: None,
    };
    stage.tell(&registered, 1, Some(ada.id)).await;
    stage
        .tell(&contact(ada.id, &address("Ada")), 9, Some(ada.id))
        .await;
    stage
        .joins(&ada, OrganizationId::new(), Role::Owner, 9)
        .await;
    let invited = OrganizationInvitationCreated {
        invitation_id: InvitationId::new(),
        organization_id: OrganizationId::new(),
        organization_name: "Rust Club".into(),
        user_id: Some(ada.id),
        email: None,
        role: Role::Member,
        sealed_token: None,
        expires_at: now(),
    };
    stage.tell(&invited, 1, None).await;
    let leaves = UserDeletionRequested {
        user_id: ada.id,
        operation_id: OperationId::new(),
        erase_at: now(),
    };
    stage.tell(&leaves, 9, None).await;
    assert_eq!(stage.post.letters().len(), letters);
    for item in kept(&stage).await {
        let others = item.contains("\"actorId\": S(") && item.contains(&bob.id.to_string());
        assert!(others || !item.contains(&ada.id.to_string()), "{item}");
        assert!(!item.contains("Ada"), "{item}");
    }
    stage
        .tell(
            &registration(ada.id, bob.id, EventId::new()),
            1,
            Some(ada.id),
        )
        .await;
    assert_eq!(stage.post.letters().len(), letters + 1, "to Bob alone");
    assert_eq!(stage.inbox(&bob).await.len(), 2);
}

/// XC-03: the process stops at every await point; the next delivery goes on, and
/// everything is counted once.
#[tokio::test]
async fn xc_03_an_erasure_that_stops_anywhere_is_done_once() {
    let stage = Stage::new().await;
    let bob = stage.person("Bob").await;
    let mut wanted = None;
    for polls in (0..ENOUGH).step_by(3) {
        let moment = Moment::ALL[polls / 3 % 3];
        let ada = stage.person("Ada").await;
        lives(&stage, &ada, &bob).await;
        let event = stage.event(&deleted(&ada), 1, None);
        let cx = || shared::cx::Context::begin(crate::stage::TIMEOUT);
        let work = stage.worker.handle(event.clone(), cx());
        let first = Box::pin(stopped(polls, moment, work)).await;
        // What was on its way arrives before, or while, the next one looks.
        let mut tries = 0;
        while stage.worker.handle(event.clone(), cx()).await.is_err() {
            tries += 1;
            assert!(tries < 5, "after {polls} polls");
        }
        let mine = kept(&stage).await.into_iter();
        let left: Vec<String> = mine
            .filter(|item| item.contains(&ada.id.to_string()) && !item.contains("actorId"))
            .collect();
        assert!(left.is_empty(), "{moment:?} after {polls} polls: {left:?}");
        let all = steps(&stage).await;
        let of = json!(event.data["operationId"]);
        let step: Vec<&Event> = all
            .iter()
            .filter(|step| step.data["operationId"] == of)
            .collect();
        assert_eq!(step.len(), 1);
        let counts = step[0].data["counts"].clone();
        let wanted = wanted.get_or_insert(counts.clone());
        assert_eq!(&counts, wanted, "{moment:?} after {polls} polls");
        if first.is_some() {
            assert!(polls > 20, "{polls}");
            return;
        }
    }
    panic!("it never completed by itself");
}

/// XC-03: who has asked to be deleted hears nothing but from auth; what waited
/// goes on waiting; who stays hears on, in whatever order it was told.
#[tokio::test]
async fn xc_03_who_leaves_hears_nothing_and_who_stays_hears_on() {
    let stage = Stage::new().await;
    let mut ada = stage.person("Ada").await;
    prefers(&stage, &ada, json!({"digest": "daily"})).await;
    stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    let operation_id = OperationId::new();
    let leaves = UserDeletionRequested {
        user_id: ada.id,
        operation_id,
        erase_at: now() + SignedDuration::from_hours(24 * 14),
    };
    let requested = stage.tell(&leaves, 10, Some(ada.id)).await;
    let late = stage.event(&leaves, 5, Some(ada.id));
    for _ in 0..3 {
        stage
            .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
            .await;
    }
    stage.world.clock.advance(SignedDuration::from_hours(24));
    stage.sweep().await;
    assert_eq!(stage.sweep().await, 0, "it is not looked at all the time");
    assert!(stage.post.letters().is_empty(), "the digest waits");
    let letter = AuthMailRequested {
        user_id: ada.id,
        email: address("Ada"),
        template: Letter::SecondFactorsChanged,
        sealed_token: None,
        expires_at: None,
        operation_id: None,
    };
    stage.tell(&letter, 1, None).await;
    assert_eq!(stage.post.letters().len(), 1, "letters of auth go out");
    stage.signs_in(&mut ada);
    assert_eq!(stage.inbox(&ada).await.len(), 1);

    let stays = UserDeletionCancelled {
        user_id: ada.id,
        operation_id,
    };
    let stays = stage.tell(&stays, 11, Some(ada.id)).await;
    for event in [&requested, &late, &stays] {
        assert!(stage.handles(event).await);
    }
    let subjects = stage.post.subjects(&address("Ada"));
    assert_eq!(subjects[1..], ["Your account is back"]);
    assert_eq!(stage.types(&ada).await[0], "user.deletion.cancelled");
    stage.world.clock.advance(SignedDuration::from_hours(6));
    assert_eq!(stage.sweep().await, 1);
    let subjects = stage.post.subjects(&address("Ada"));
    assert_eq!(subjects[2..], ["You are registered for “RustConf”"]);
    prefers_again(&stage, &mut ada).await;
    stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    assert_eq!(stage.post.letters().len(), 4);
}

async fn prefers_again(stage: &Stage, user: &mut TestUser) {
    stage.signs_in(user);
    prefers(stage, user, json!({"digest": "off"})).await;
}

/// XC-03: the letter says when everything goes and has the way back, whose secret
/// is a fragment.
#[tokio::test]
async fn xc_03_the_letter_of_a_deletion_says_when_and_how_to_undo_it() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let operation = OperationId::new();
    let letter = AuthMailRequested {
        user_id: ada.id,
        email: address("Ada"),
        template: Letter::DeletionRequested,
        sealed_token: Some("sealed:w4y-back".into()),
        expires_at: Some("2026-10-10T16:30:00Z".parse().unwrap()),
        operation_id: Some(operation),
    };
    stage.tell(&letter, 1, None).await;
    let letter = stage.post.letters().remove(0);
    assert_eq!(letter.content.subject, "Your account will be deleted");
    for text in [&letter.content.text, &letter.content.html] {
        let proof = format!("Keep this number, {operation}: it shows what was erased");
        assert!(text.contains(&proof), "{text}");
        let when = "erased from Saturday, 10 October 2026 at 16:30 (UTC) on";
        assert!(text.contains(when), "{text}");
        let back = "https://plenary.test/v1/users/me/deletion/cancel#w4y-back";
        assert!(text.contains(back), "{text}");
    }
    assert_eq!(letter.unsubscribe, None);
}

/// SC-11: one document of everything, without a secret, however often it is
/// asked for; somebody else's is not in it.
#[tokio::test]
async fn sc_11_an_export_has_everything_and_no_secret() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    lives(&stage, &ada, &bob).await;
    let wanted = UserExportRequested {
        user_id: ada.id,
        operation_id: OperationId::new(),
    };
    let event = stage.tell(&wanted, 1, Some(ada.id)).await;
    assert!(stage.handles(&event).await, "redelivered");
    let key = part_key(wanted.operation_id, "notifications");
    assert_eq!(stage.exports.names(), std::slice::from_ref(&key));
    let part = stage.exports.bytes(&key).unwrap();
    let part: Value = serde_json::from_slice(&part).unwrap();
    assert_eq!(
        part["recipient"],
        json!({"userId": ada.id, "name": "Ada", "email": address("Ada")})
    );
    assert_eq!(part["preferences"]["digest"], "daily");
    let list = |name: &str| part[name].as_array().unwrap().clone();
    let inbox = list("inbox");
    let types: Vec<&Value> = inbox.iter().map(|entry| &entry["type"]).collect();
    assert_eq!(
        types,
        [
            "registration.confirmed",
            "event.registrations",
            "registration.confirmed"
        ]
    );
    assert_eq!(inbox[1]["title"], "Bob registered for “RustConf”");
    let sent: Vec<(String, String)> = list("deliveries")
        .iter()
        .map(|one| {
            (
                one["type"].as_str().unwrap().into(),
                one["state"].as_str().unwrap().into(),
            )
        })
        .collect();
    let row = |kind: &str, state: &str| (kind.to_owned(), state.to_owned());
    assert_eq!(
        sent,
        [
            row("registration.confirmed", "sent"),
            row("event.registrations", "sent"),
            row("registration.confirmed", "waiting"),
            row("account", "sent"),
            row("account", "waiting"),
        ]
    );
    assert_eq!(list("calendars").len(), 1);
    assert_eq!(list("memberships")[0]["role"], "approver");
    let text = part.to_string();
    for secret in ["s3cret", "unsubscribe", &bob.id.to_string()] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let steps = steps(&stage).await;
    assert_eq!(steps.len(), 1);
    assert_eq!(
        steps[0].data["counts"],
        json!({"recipient": 1, "preferences": 1, "inbox": 3, "deliveries": 5,
            "calendars": 1, "memberships": 1})
    );
}

/// SC-11: of somebody of whom nothing is known there is an answer too.
#[tokio::test]
async fn sc_11_an_export_of_nothing_is_an_answer() {
    let stage = Stage::new().await;
    let wanted = UserExportRequested {
        user_id: UserId::new(),
        operation_id: OperationId::new(),
    };
    stage.tell(&wanted, 1, None).await;
    let part = stage
        .exports
        .bytes(&part_key(wanted.operation_id, "notifications"));
    let part: Value = serde_json::from_slice(&part.unwrap()).unwrap();
    assert_eq!(part["recipient"], Value::Null);
    assert_eq!(part["inbox"], json!([]));
    assert_eq!(steps(&stage).await.len(), 1);
}

/// SC-11: the letter leads to the operation, holds no secret, and comes whatever
/// the preferences say.
#[tokio::test]
async fn sc_11_whose_data_are_ready_is_told() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let all_off = json!({"digest": "daily",
        "quietHours": {"start": "00:00", "end": "23:59"}});
    prefers(&stage, &ada, all_off).await;
    let off = json!({"types": {"user.export.completed": {"email": false, "inApp": false}}});
    let put = stage.api.put("/v1/notifications/preferences").bearer(&ada);
    put.json(off).send().await.expect(400);
    let done = UserExportCompleted {
        user_id: ada.id,
        operation_id: OperationId::new(),
        expires_at: "2026-10-10T16:30:00Z".parse().unwrap(),
    };
    let event = stage.tell(&done, 1, None).await;
    assert!(stage.handles(&event).await, "redelivered");
    let letters = stage.post.letters();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0].content;
    assert_eq!(letter.subject, "Your data are ready");
    let link = format!("https://plenary.test/v1/operations/{}", done.operation_id);
    for text in [&letter.text, &letter.html] {
        assert!(
            text.contains(&link) && text.contains("10 October 2026 at 16:30"),
            "{text}"
        );
        assert!(!text.contains('#') || !text.contains(&format!("{link}#")));
    }
    assert_eq!(letters[0].unsubscribe, None);
    assert_eq!(stage.types(&ada).await, ["user.export.completed"]);
}
