//! NO-15: the welcome, in whichever order account and address become known.

use shared::event::Contract;
use shared::event::auth::UserRegistered;
use shared::event::notifications::{NotificationCreated, NotificationDelivered};

use crate::stage::{Stage, contact, text};

const ADA: &str = "ada@example.org";

#[tokio::test]
async fn no_15_registered_first() {
    let stage = Stage::new().await;
    let ada = stage.registers("Ada").await;
    assert_eq!(stage.types(&ada).await, ["welcome"]);
    assert_eq!(
        text(&stage.inbox(&ada).await[0]["title"]),
        "Welcome to Plenary, Ada"
    );
    assert!(stage.post.letters().is_empty());
    let known = stage.tell(&contact(ada.id, ADA), 1, Some(ada.id)).await;
    assert_eq!(stage.post.subjects(ADA), ["Welcome to Plenary, Ada"]);
    // XC-01: it comes again.
    assert!(stage.handles(&known).await);
    assert_eq!(stage.post.letters().len(), 1);
    let outbox = stage.world.outbox(stage.world.table()).await;
    let kinds: Vec<&str> = outbox.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [NotificationCreated::TYPE, NotificationDelivered::TYPE]
    );
    let channels = outbox.iter().map(|event| text(&event.data["channel"]));
    assert_eq!(channels.collect::<Vec<_>>(), ["in-app", "email"]);
}

#[tokio::test]
async fn no_15_address_first() {
    let stage = Stage::new().await;
    let ada = stage.world.user();
    stage.tell(&contact(ada.id, ADA), 1, Some(ada.id)).await;
    assert!(stage.post.letters().is_empty());
    let registered = UserRegistered {
        user_id: ada.id,
        name: None,
        username: Some("ada".into()),
    };
    let event = stage.tell(&registered, 1, Some(ada.id)).await;
    assert!(stage.handles(&event).await);
    assert_eq!(stage.post.subjects(ADA), ["Welcome to Plenary, ada"]);
    assert_eq!(
        (stage.types(&ada).await.len(), stage.unread(&ada).await),
        (1, 1)
    );
}

#[tokio::test]
async fn no_15_both_at_once() {
    for _ in 0..5 {
        let stage = Stage::new().await;
        let ada = stage.world.user();
        let registered = UserRegistered {
            user_id: ada.id,
            name: Some("Ada".into()),
            username: None,
        };
        let registered = stage.event(&registered, 1, Some(ada.id));
        let known = stage.event(&contact(ada.id, ADA), 1, Some(ada.id));
        let done = futures::join!(stage.handles(&registered), stage.handles(&known));
        // Whoever met the other while it sent is delivered once more.
        for (done, event) in [(done.0, &registered), (done.1, &known)] {
            assert!(done || stage.handles(event).await);
        }
        assert_eq!(stage.post.subjects(ADA), ["Welcome to Plenary, Ada"]);
        assert_eq!(stage.types(&ada).await, ["welcome"]);
    }
}

/// A late event does not bring an old address back.
#[tokio::test]
async fn no_15_addresses_out_of_order() {
    let stage = Stage::new().await;
    let ada = stage.world.user();
    stage
        .tell(&contact(ada.id, "new@example.org"), 2, Some(ada.id))
        .await;
    stage
        .tell(&contact(ada.id, "old@example.org"), 1, Some(ada.id))
        .await;
    let registered = UserRegistered {
        user_id: ada.id,
        name: None,
        username: None,
    };
    stage.tell(&registered, 1, Some(ada.id)).await;
    assert_eq!(stage.post.letters()[0].to, "new@example.org");
}

/// EV-16: a newcomer is told once of events that may be liked.
#[tokio::test]
async fn ev_16_a_newcomer_hears_of_events() {
    let stage = Stage::new().await;
    let person = stage.person("Ada").await;
    let found = shared::event::events::WelcomeEventsFound {
        user_id: person.id,
        events: vec![shared::event::events::EventInBrief {
            event_id: shared::id::EventId::new(),
            title: "RustConf".into(),
            starts_at: "2026-10-12T07:00:00Z".parse().unwrap(),
            time_zone: "Europe/Berlin".into(),
        }],
    };
    stage.tell(&found, 1, None).await;
    let notice = &stage.inbox(&person).await[0];
    assert_eq!(notice["type"], "welcome-events");
    let body = notice["body"].as_str().unwrap();
    assert!(
        body.contains("“RustConf” on Monday, 12 October 2026 at 09:00"),
        "{body}"
    );
}

/// B3-05: who goes to an event or keeps it hears of another time and place.
#[tokio::test]
async fn b3_05_another_time_and_place_are_told() {
    let stage = Stage::new().await;
    let person = stage.person("Ada").await;
    let event_id = shared::id::EventId::new();
    let noticed = shared::event::events::EventChangeNoticed {
        user_id: person.id,
        event: shared::event::events::EventInBrief {
            event_id,
            title: "RustConf".into(),
            starts_at: "2026-10-12T07:00:00Z".parse().unwrap(),
            time_zone: "Europe/Berlin".into(),
        },
        cancelled: false,
        changed: vec!["startsAt".into(), "venue".into()],
        venue_name: Some("Halle 2".into()),
        calendar_sequence: 3,
        calendar: None,
    };
    stage.tell(&noticed, 3, None).await;
    let notice = &stage.inbox(&person).await[0];
    assert_eq!(notice["type"], "event.changed");
    assert_eq!(notice["title"], "“RustConf” has another time and place");
    let body = notice["body"].as_str().unwrap();
    assert!(
        body.contains("12 October 2026 at 09:00 (CEST), Halle 2"),
        "{body}"
    );
    assert_eq!(notice["data"]["calendarSequence"], 3);
}
