//! B9-05: one-click unsubscription (RFC 8058), which needs no sign-in.

use serde_json::json;
use shared::id::{EventId, UserId};
use shared::testing::TestReply;

use crate::stage::{Stage, registration};

const PREFERENCES: &str = "/v1/notifications/preferences";

async fn one_click(stage: &Stage, path: &str) -> TestReply {
    let request = stage
        .api
        .post(path)
        .header("content-type", "application/x-www-form-urlencoded");
    request.body("List-Unsubscribe=One-Click").send().await
}

#[tokio::test]
async fn no_05_one_click_stops_one_type() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    stage
        .tell(
            &registration(ada.id, UserId::new(), EventId::new()),
            1,
            None,
        )
        .await;
    let url = stage.post.letters()[0].unsubscribe.clone().unwrap();
    let path = url.strip_prefix("https://plenary.test").unwrap();

    // Whoever only looks changes nothing.
    let page = stage.api.get(path).send().await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.text.contains("<form method=\"post\">")
            && page.text.contains("registration.confirmed")
    );
    stage.fill(&ada, 1).await;
    assert_eq!(stage.post.letters().len(), 2);

    for _ in 0..2 {
        let done = one_click(&stage, path).await.expect(200);
        assert!(done.text.contains("You are unsubscribed"));
    }
    stage.fill(&ada, 1).await;
    assert_eq!(
        (stage.post.letters().len(), stage.unread(&ada).await),
        (2, 3)
    );
    let types = &stage.get(&ada, PREFERENCES).await["types"];
    assert_eq!(
        types["registration.confirmed"],
        json!({"inApp": true, "email": false, "critical": false})
    );
    assert_eq!(types["registration.waitlisted"]["email"], true);
}

#[tokio::test]
async fn no_05_a_damaged_or_foreign_link_does_nothing() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    let known = stage.store.recipient(ada.id).await.unwrap().unwrap();
    let good = known.unsubscribe_token(None);
    let foreign = stage
        .store
        .recipient(bob.id)
        .await
        .unwrap()
        .unwrap()
        .unsubscribe_token(None);
    let (claim, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = foreign.rsplit_once('.').unwrap();
    let forged = format!("{claim}.{signature}");
    let nobody = good.replacen(|c: char| c.is_ascii_alphanumeric(), "Z", 1);
    for bad in [
        forged.as_str(),
        &nobody,
        &good[..good.len() - 1],
        "x",
        "a.b.c",
        "%00",
    ] {
        let path = format!("/v1/notifications/unsubscribe/{bad}");
        stage
            .api
            .get(&path)
            .send()
            .await
            .expect(404)
            .problem("invalid-unsubscribe-link");
        one_click(&stage, &path)
            .await
            .expect(404)
            .problem("invalid-unsubscribe-link");
    }
    assert_eq!(
        stage
            .api
            .get(PREFERENCES)
            .bearer(&ada)
            .send()
            .await
            .header("etag"),
        "\"0\""
    );
    one_click(&stage, &format!("/v1/notifications/unsubscribe/{good}"))
        .await
        .expect(200);
    let types = &stage.get(&ada, PREFERENCES).await["types"];
    assert_eq!(types["event.approved"]["email"], false);
    assert_eq!(
        types["registration.cancelled"]["email"], true,
        "critical types stay"
    );
}
