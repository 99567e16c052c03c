//! NO-05: preferences by type and channel.

use serde_json::json;
use shared::event::auth::UserRegistered;
use shared::id::{EventId, UserId};

use crate::stage::{Stage, address, registration};

const PATH: &str = "/v1/notifications/preferences";

#[tokio::test]
async fn no_05_defaults_put_and_patch() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let reply = stage.api.get(PATH).bearer(&ada).send().await.expect(200);
    assert_eq!(reply.header("etag"), "\"0\"");
    let defaults = reply.body;
    assert_eq!(defaults["timeZone"], "UTC");
    assert_eq!(
        defaults["types"]["event.approved"],
        json!({"inApp": true, "email": true, "critical": false})
    );
    assert_eq!(
        defaults["types"]["registration.cancelled"]["critical"],
        true
    );

    let patch = json!({"timeZone": "Europe/Berlin", "types": {"event.approved": {"email": false}}});
    let request = stage
        .api
        .patch(PATH)
        .bearer(&ada)
        .header("content-type", "application/merge-patch+json");
    let patched = request
        .key("p")
        .json(patch.clone())
        .send()
        .await
        .expect(200);
    assert_eq!(patched.body["types"]["event.approved"]["inApp"], true);
    assert_eq!(patched.body["types"]["event.approved"]["email"], false);
    assert_eq!(patched.header("etag"), "\"1\"");
    assert_eq!(stage.get(&ada, PATH).await, patched.body);
    let request = stage
        .api
        .patch(PATH)
        .bearer(&ada)
        .header("content-type", "application/merge-patch+json");
    let replayed = request.key("p").json(patch).send().await.expect(200);
    assert_eq!(replayed.header("idempotency-replayed"), "true");

    // What is read can be sent back; what is left out is the default again.
    let put = stage
        .api
        .put(PATH)
        .bearer(&ada)
        .json(patched.body.clone())
        .send()
        .await
        .expect(200);
    assert_eq!(put.body, patched.body);
    let null = json!({"types": {"event.approved": null}});
    let back = stage
        .api
        .patch(PATH)
        .bearer(&ada)
        .json(null)
        .send()
        .await
        .expect(200);
    assert_eq!(back.body["types"]["event.approved"]["email"], true);
    let put = stage
        .api
        .put(PATH)
        .bearer(&ada)
        .json(json!({}))
        .send()
        .await
        .expect(200);
    assert_eq!(put.body, defaults);
}

#[tokio::test]
async fn no_05_if_match_is_honoured() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let put = |tag: &'static str, zone: &'static str| {
        stage
            .api
            .put(PATH)
            .bearer(&ada)
            .header("if-match", tag)
            .json(json!({"timeZone": zone}))
            .send()
    };
    put("\"0\"", "Asia/Tokyo").await.expect(200);
    put("\"0\"", "Asia/Seoul")
        .await
        .expect(412)
        .problem("version-conflict");
    put("\"1\"", "Asia/Seoul").await.expect(200);
}

/// NO-05: two hands at once: no switch is lost.
#[tokio::test]
async fn no_05_racing_patches_both_hold() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let patch = |kind: &str| {
        let body = json!({"types": {kind: {"email": false}}});
        stage.api.patch(PATH).bearer(&ada).json(body).send()
    };
    let (one, two) = futures::join!(patch("welcome"), patch("event.updated"));
    one.expect(200);
    two.expect(200);
    let types = &stage.get(&ada, PATH).await["types"];
    assert_eq!(
        (&types["welcome"]["email"], &types["event.updated"]["email"]),
        (&json!(false), &json!(false))
    );
}

#[tokio::test]
async fn no_05_what_breaks_a_rule_is_refused() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    for (body, pointer, code) in [
        (
            json!({"types": {"registration.cancelled": {"email": false}}}),
            "/types/registration.cancelled/email",
            "not-switchable",
        ),
        (
            json!({"types": {"registration.promoted": {"inApp": false}}}),
            "/types/registration.promoted/inApp",
            "not-switchable",
        ),
        (
            json!({"timeZone": "Mars/Olympus"}),
            "/timeZone",
            "unknown-zone",
        ),
        (
            json!({"quietHours": {"start": "22:00", "end": "7:00"}}),
            "/quietHours/end",
            "malformed",
        ),
        (
            json!({"quietHours": {"start": "24:00", "end": "07:00"}}),
            "/quietHours/start",
            "malformed",
        ),
        (
            json!({"quietHours": {"start": "22:00", "end": "22:00"}}),
            "/quietHours/end",
            "empty-span",
        ),
        (
            json!({"quietHours": {"start": "22:00"}}),
            "/quietHours",
            "missing",
        ),
        (json!({"digest": "hourly"}), "/digest", "invalid"),
        (json!({"colour": "red"}), "/colour", "unknown-field"),
    ] {
        let reply = stage
            .api
            .put(PATH)
            .bearer(&ada)
            .json(body.clone())
            .send()
            .await
            .expect(400);
        let error = &reply.problem("invalid-request").body["errors"][0];
        assert_eq!(
            (error["pointer"].as_str(), error["code"].as_str()),
            (Some(pointer), Some(code)),
            "{body}"
        );
    }
    let unknown = json!({"types": {"post.liked": {"email": false}}});
    stage
        .api
        .put(PATH)
        .bearer(&ada)
        .json(unknown)
        .send()
        .await
        .expect(400)
        .problem("invalid-request");
    assert_eq!(
        stage.api.get(PATH).bearer(&ada).send().await.header("etag"),
        "\"0\""
    );
}

#[tokio::test]
async fn no_05_switches_decide_the_channel() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let set = async |in_app: bool, email: bool| {
        let switches = json!({"inApp": in_app, "email": email});
        let types =
            json!({"types": {"registration.confirmed": switches, "event.registrations": switches}});
        stage
            .api
            .put(PATH)
            .bearer(&ada)
            .json(types)
            .send()
            .await
            .expect(200);
    };
    let tell = async || {
        stage
            .tell(&registration(ada.id, ada.id, EventId::new()), 1, None)
            .await;
        (stage.unread(&ada).await, stage.post.letters().len())
    };
    set(true, false).await;
    assert_eq!(tell().await, (1, 0));
    set(false, true).await;
    assert_eq!(tell().await, (1, 1));
    // A group that is not shown writes once a day all the same.
    let event = EventId::new();
    for _ in 0..3 {
        stage
            .tell(&registration(UserId::new(), ada.id, event), 1, None)
            .await;
    }
    assert_eq!(
        (
            stage.unread(&ada).await,
            stage.post.subjects(&address("Ada")).len()
        ),
        (1, 2)
    );
    set(false, false).await;
    assert_eq!(tell().await, (1, 2));
}

#[tokio::test]
async fn no_05_one_persons_preferences_are_not_anothers() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    let off = json!({"types": {"welcome": {"inApp": false, "email": false}}});
    stage
        .api
        .put(PATH)
        .bearer(&ada)
        .json(off)
        .send()
        .await
        .expect(200);
    for user in [&ada, &bob] {
        let payload = UserRegistered {
            user_id: user.id,
            name: None,
            username: None,
        };
        stage.tell(&payload, 1, None).await;
    }
    assert_eq!((stage.unread(&ada).await, stage.unread(&bob).await), (0, 1));
    assert_eq!(
        stage.get(&bob, PATH).await["types"]["welcome"]["email"],
        true
    );
}
