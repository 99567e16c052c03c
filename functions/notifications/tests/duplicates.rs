//! XC-01, NO-12: the queue delivers at least once, in no order, and sometimes
//! rubbish.

use jiff::SignedDuration;
use plenary_notifications::model::MailState;
use serde_json::json;
use shared::event::auth::{AuthMailRequested, Letter};
use shared::event::media::MediaDeleted;
use shared::id::{EventId, MediaId, UserId};
use shared::testing::now;

use crate::stage::{Next, Stage, address, registration};

#[tokio::test]
async fn xc_01_a_poison_body_harms_no_other() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let good = stage.event(
        &registration(ada.id, UserId::new(), EventId::new()),
        1,
        None,
    );
    let mut bad = good.clone();
    bad.id = uuid::Uuid::now_v7();
    bad.data = serde_json::json!({"userId": 7});
    let body = |event| serde_json::to_string(event).unwrap();
    let failed = stage.batch(&["{".into(), body(&bad), body(&good)]).await;
    assert_eq!(failed, ["0", "1"]);
    assert_eq!(stage.unread(&ada).await, 1);
}

#[tokio::test]
async fn xc_01_an_event_that_concerns_nobody_is_passed_over() {
    let stage = Stage::new().await;
    let payload = MediaDeleted {
        media_id: MediaId::new(),
        owner_id: UserId::new(),
        kind: "image".into(),
    };
    stage.tell(&payload, 1, None).await;
    assert!(stage.world.db.items(stage.world.table()).await.is_empty());
}

/// Racing duplicates: one entry, one count, one e-mail.
#[tokio::test]
async fn xc_01_racing_duplicates_are_one() {
    let stage = Stage::new().await;
    let (ada, olga) = (stage.person("Ada").await, stage.person("Olga").await);
    let event = stage.event(
        &registration(ada.id, olga.id, EventId::new()),
        1,
        Some(ada.id),
    );
    futures::future::join_all((0..8).map(|_| stage.handles(&event))).await;
    // Who met another that was sending comes again.
    assert!(stage.handles(&event).await);
    for (user, name) in [(&ada, "Ada"), (&olga, "Olga")] {
        assert_eq!(
            (stage.inbox(user).await.len(), stage.unread(user).await),
            (1, 1)
        );
        assert_eq!(stage.post.subjects(&address(name)).len(), 1, "{name}");
    }
    assert_eq!(stage.inbox(&olga).await[0]["count"], 1);
}

/// NO-06: the process dies while it sends: nobody else sends until the claim
/// has run out, and then it is sent.
#[tokio::test]
async fn no_06_an_email_survives_its_sender() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage.post.then(Next::Die);
    let event = stage.event(&registration(ada.id, ada.id, EventId::new()), 1, None);
    assert!(!stage.handles(&event).await);
    assert_eq!(stage.unread(&ada).await, 1, "what was committed stays");
    assert!(!stage.handles(&event).await, "it may still be on its way");
    assert!(stage.post.letters().is_empty());
    stage.world.clock.advance(SignedDuration::from_secs(61));
    assert!(stage.handles(&event).await);
    assert!(stage.handles(&event).await);
    assert_eq!(
        (stage.post.letters().len(), stage.unread(&ada).await),
        (1, 1)
    );
}

/// NO-06: what keeps a letter from being written gives the e-mail back at once:
/// the next delivery need not wait for a claim to run out.
#[tokio::test]
async fn no_06_an_email_that_cannot_be_written_is_given_back() {
    let stage = Stage::new().await;
    let requested = AuthMailRequested {
        user_id: UserId::new(),
        email: "ada@example.org".into(),
        template: Letter::ResetPassword,
        sealed_token: Some("of another key".into()),
        expires_at: Some(now() + SignedDuration::from_mins(30)),
        operation_id: None,
    };
    let event = stage.event(&requested, 1, None);
    for _ in 0..2 {
        assert!(!stage.handles(&event).await);
        let mails = stage.store.mails_of(event.id).await.unwrap();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].state, MailState::Pending);
    }
    assert!(stage.post.letters().is_empty());
}

/// NO-05, NO-06: an event was handled, whatever its recipient decides between
/// two deliveries.
#[tokio::test]
async fn no_06_switches_between_two_deliveries_change_nothing() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let emails = async |on: bool| {
        let switches = json!({"types": {"registration.confirmed": {"inApp": true, "email": on}}});
        let path = "/v1/notifications/preferences";
        let request = stage.api.put(path).bearer(&ada).json(switches);
        request.send().await.expect(200);
    };
    for before in [true, false] {
        emails(before).await;
        let event = stage.event(&registration(ada.id, ada.id, EventId::new()), 1, None);
        assert!(stage.handles(&event).await);
        let told = (stage.post.letters().len(), stage.unread(&ada).await);
        emails(!before).await;
        assert!(stage.handles(&event).await);
        let again = (stage.post.letters().len(), stage.unread(&ada).await);
        assert_eq!(told, again);
    }
    assert_eq!(
        (stage.post.letters().len(), stage.unread(&ada).await),
        (1, 2)
    );
}
