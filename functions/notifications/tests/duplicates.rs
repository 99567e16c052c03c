//! XC-01, NO-12: the queue delivers at least once, in no order, and sometimes
//! rubbish.

use jiff::SignedDuration;
use shared::event::media::MediaDeleted;
use shared::id::{EventId, MediaId, UserId};

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
