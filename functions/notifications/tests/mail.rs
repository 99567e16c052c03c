//! NO-06: e-mail, and a mail service that refuses.

use jiff::SignedDuration;
use plenary_notifications::outgoing::MailError;
use shared::cx::Context;
use shared::event::Contract;
use shared::event::auth::OrganizationInvitationCreated;
use shared::event::events::RegistrationPromoted;
use shared::event::notifications::{NotificationDelivered, NotificationFailed};
use shared::id::{EventId, InvitationId, OrganizationId, RegistrationId, UserId};
use shared::principal::Role;

use crate::stage::{Next, Stage, address, contact, registration, text};

#[tokio::test]
async fn no_06_an_email_has_text_html_and_a_way_out() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let created = registration(ada.id, UserId::new(), EventId::new());
    stage.tell(&created, 1, Some(ada.id)).await;
    let letter = stage.post.letters().remove(0);
    assert_eq!(letter.to, address("Ada"));
    let link = format!("https://plenary.test/v1/events/{}", created.event_id);
    let stop = letter.unsubscribe.unwrap();
    assert!(stop.starts_with("https://plenary.test/v1/notifications/unsubscribe/"));
    for part in [&letter.content.text, &letter.content.html] {
        assert!(part.contains(&link) && part.contains(&stop), "{part}");
        assert!(
            part.contains("Saturday, 10 October 2026 at 18:30 (CEST)"),
            "{part}"
        );
    }
    // Critical types have no way out, and say so by having no link.
    let promoted = RegistrationPromoted {
        registration_id: RegistrationId::new(),
        event_id: created.event_id,
        user_id: ada.id,
        status: "confirmed".into(),
        title: created.title,
        starts_at: created.starts_at,
        time_zone: created.time_zone,
        organizer_id: created.organizer_id,
        organization_id: None,
        reason: None,
        accepted: true,
    };
    stage.tell(&promoted, 2, None).await;
    assert_eq!(stage.post.letters()[1].unsubscribe, None);
}

#[tokio::test]
async fn no_06_passing_trouble_is_tried_again() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage
        .post
        .then(Next::Fail(MailError::Later("throttled".into())));
    let event = stage.event(
        &registration(ada.id, UserId::new(), EventId::new()),
        1,
        None,
    );
    assert!(stage.handles(&event).await, "the sweep has it");
    assert!(stage.handles(&event).await, "redelivered");
    assert_eq!(stage.post.letters().len(), 0);
    stage.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!((stage.sweep().await, stage.sweep().await), (1, 0));
    assert!(stage.handles(&event).await, "redelivered afterwards");
    assert_eq!(
        (stage.post.letters().len(), stage.unread(&ada).await),
        (1, 1)
    );
}

/// NO-06: so it is with what goes to a mere address, each by itself.
#[tokio::test]
async fn no_06_letters_to_addresses_are_tried_again_too() {
    let stage = Stage::new().await;
    let invited = |email: &str| OrganizationInvitationCreated {
        organization_id: OrganizationId::new(),
        organization_name: "Rust Berlin".into(),
        invitation_id: InvitationId::new(),
        user_id: None,
        email: Some(email.into()),
        role: Role::Member,
        sealed_token: Some("sealed:t0ken".into()),
        expires_at: shared::testing::now(),
    };
    for _ in 0..2 {
        let later = MailError::Later("throttled".into());
        stage.post.then(Next::Fail(later));
        stage.tell(&invited("eve@example.com"), 1, None).await;
    }
    assert_eq!(stage.post.letters().len(), 0);
    stage.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!((stage.sweep().await, stage.sweep().await), (2, 0));
    assert_eq!(stage.post.subjects("eve@example.com").len(), 2);
}

/// NO-05: however many there are, a person's are one letter, and a sweep that
/// runs out of time sends nothing twice.
#[tokio::test]
async fn no_05_many_digests_are_one_letter_each() {
    let stage = Stage::new().await;
    let mut people = Vec::new();
    for i in 0..30 {
        let person = stage.person(&format!("p{i}")).await;
        quiet(&stage, &person, serde_json::json!({"digest": "daily"})).await;
        people.push(person);
    }
    let before = stage.post.letters().len();
    for round in 0..10 {
        for person in &people {
            let created = registration(person.id, person.id, EventId::new());
            stage.tell(&created, round + 1, None).await;
        }
    }
    assert_eq!(stage.post.letters().len(), before);
    stage.world.clock.advance(SignedDuration::from_hours(24));
    let hurried = Context::begin(std::time::Duration::from_secs(1));
    assert_eq!(stage.worker.sweep(&hurried).await.unwrap(), 0);
    assert_eq!(stage.sweep().await, 30);
    for i in 0..30 {
        let subjects = stage.post.subjects(&address(&format!("p{i}")));
        assert_eq!(subjects, ["10 updates for you"]);
    }
    assert_eq!(stage.sweep().await, 0);
}

/// NO-06: a refused address is not written to again, until there is another.
#[tokio::test]
async fn no_06_a_refused_address_is_left_alone() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage
        .post
        .then(Next::Fail(MailError::BadAddress("no such domain".into())));
    let refused = stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    assert!(stage.handles(&refused).await);
    stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    assert!(stage.post.letters().is_empty());
    assert_eq!(stage.unread(&ada).await, 2);
    stage
        .tell(&contact(ada.id, "ada@example.com"), 2, Some(ada.id))
        .await;
    stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    assert_eq!(stage.post.subjects("ada@example.com").len(), 1);
    let outbox = stage.world.outbox(stage.world.table()).await;
    let of = |kind: &str| outbox.iter().filter(|event| event.kind == kind).count();
    assert_eq!(
        (
            of(NotificationFailed::TYPE),
            of(NotificationDelivered::TYPE)
        ),
        (2, 1)
    );
    let failed = outbox
        .iter()
        .find(|event| event.kind == NotificationFailed::TYPE)
        .unwrap();
    assert_eq!(text(&failed.data["reason"]), "address-refused");
}

/// NO-06: a refused message says nothing against the address.
#[tokio::test]
async fn no_06_a_refused_message_is_not_repeated() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage
        .post
        .then(Next::Fail(MailError::Refused("content".into())));
    let event = stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    assert!(stage.handles(&event).await);
    assert!(stage.post.letters().is_empty());
    stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    assert_eq!(stage.post.letters().len(), 1);
}

async fn quiet(stage: &Stage, user: &shared::testing::TestUser, body: serde_json::Value) {
    let path = "/v1/notifications/preferences";
    stage
        .api
        .put(path)
        .bearer(user)
        .json(body)
        .send()
        .await
        .expect(200);
}

/// NO-05 (B9-02): deferred to the end of the window, not dropped; several are
/// one e-mail; critical ones go at once.
#[tokio::test]
async fn no_05_quiet_hours_defer_email() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    // The world begins at 10:00 UTC, noon in Berlin.
    let hours = serde_json::json!({"timeZone": "Europe/Berlin", "quietHours": {"start": "11:30", "end": "13:00"}});
    quiet(&stage, &ada, hours.clone()).await;
    quiet(&stage, &bob, hours).await;
    let first = stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    stage.fill(&ada, 2).await;
    stage
        .tell(&registration(bob.id, bob.id, EventId::new()), 1, None)
        .await;
    assert_eq!(stage.unread(&ada).await, 3, "the inbox is not quiet");
    let promoted = RegistrationPromoted {
        registration_id: RegistrationId::new(),
        event_id: EventId::new(),
        user_id: ada.id,
        status: "confirmed".into(),
        title: "RustConf".into(),
        starts_at: shared::testing::now(),
        time_zone: "UTC".into(),
        organizer_id: UserId::new(),
        organization_id: None,
        reason: None,
        accepted: true,
    };
    stage.tell(&promoted, 1, None).await;
    assert_eq!(
        stage.post.subjects(&address("Ada")),
        ["You have a place at “RustConf”"]
    );

    assert!(stage.handles(&first).await, "redelivered in quiet hours");
    stage.world.clock.advance(SignedDuration::from_mins(50));
    assert_eq!((stage.sweep().await, stage.post.letters().len()), (0, 1));
    stage.world.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(stage.sweep().await, 2);
    assert_eq!((stage.sweep().await, stage.post.letters().len()), (0, 3));
    assert!(stage.handles(&first).await, "redelivered afterwards");
    assert_eq!(
        stage.post.subjects(&address("Ada"))[1..],
        ["3 updates for you"]
    );
    assert_eq!(
        stage.post.subjects(&address("Bob")),
        ["You are registered for “RustConf”"]
    );
}

/// NO-05: what was switched off while it waited is not sent; what the mail
/// service does not take is kept for the next sweep.
#[tokio::test]
async fn no_05_a_digest_follows_the_last_word() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    quiet(&stage, &ada, serde_json::json!({"digest": "daily"})).await;
    stage
        .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
        .await;
    stage.registers("Bob").await;
    let organiser = registration(UserId::new(), ada.id, EventId::new());
    stage.tell(&organiser, 1, None).await;
    let off =
        serde_json::json!({"digest": "daily", "types": {"event.registrations": {"email": false}}});
    quiet(&stage, &ada, off).await;
    stage.world.clock.advance(SignedDuration::from_hours(22));
    stage
        .post
        .then(Next::Fail(MailError::Later("throttled".into())));
    let trigger = serde_json::from_str(r#"{"sweep":"mails"}"#).unwrap();
    let swept =
        plenary_notifications::worker::run(&stage.worker, trigger, crate::stage::TIMEOUT).await;
    assert!(swept.is_err(), "the schedule's alarm must hear of it");
    stage.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(stage.sweep().await, 1);
    assert_eq!(
        stage.post.subjects(&address("Ada")),
        ["You are registered for “RustConf”"]
    );
}
