//! XC-03, SC-11: what becomes of a person's media when they go, or ask for them.

use serde_json::{Value, json};
use shared::event::Event;
use shared::event::operations::{UserDeleted, UserExportRequested};
use shared::id::{OperationId, UserId};
use shared::testing::{Moment, TestUser, event, stopped};

use crate::{Stage, announcement, png};

/// More await points than any of this has; the tests find the true number.
const ENOUGH: usize = 400;

fn deleted(user_id: UserId) -> Event {
    let payload = UserDeleted {
        user_id,
        operation_id: OperationId::new(),
    };
    event(&payload, 1)
}

fn text(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}

impl Stage {
    async fn picture(&self, user: &TestUser) -> Value {
        let permit = self.announce(user, announcement()).await;
        assert_eq!(self.arrive(&permit, &png(8, 8)).await, 0);
        permit
    }

    /// The answers of the group to an operation.
    async fn answers(&self, to: &Event) -> Vec<Value> {
        let mut told = self.told().await;
        let id = &to.data["operationId"];
        told.retain(|one| one.kind == "saga.step.completed" && one.data["operationId"] == *id);
        told.into_iter()
            .map(|one| one.data["counts"].clone())
            .collect()
    }

    /// The items that name somebody, but for the tombstone and what was published.
    async fn named(&self, user: UserId) -> usize {
        let items = self.world.db.items(self.world.table()).await;
        let mut items: Vec<_> = items
            .iter()
            .filter(|item| !item.contains_key("event"))
            .collect();
        items.retain(|item| {
            item["pk"]
                .as_s()
                .is_ok_and(|pk| *pk != format!("ERASED#{user}"))
        });
        let named = items
            .iter()
            .filter(|item| format!("{item:?}").contains(&user.to_string()));
        named.count()
    }
}

/// XC-03: all media go with all their objects, and nobody else's.
#[tokio::test]
async fn xc_03_who_is_deleted_leaves_no_medium_and_no_object() {
    let stage = Stage::new().await;
    let (user, other) = (stage.world.user(), stage.world.user());
    for _ in 0..27 {
        stage.announce(&user, announcement()).await;
    }
    let begun = stage.picture(&user).await;
    let kept = stage.picture(&other).await;
    let rejected = stage.announce(&user, announcement()).await;
    stage.arrive(&rejected, b"#!/bin/sh").await;
    let gone = deleted(user.id);
    for _ in 0..2 {
        assert_eq!(stage.deliver(&text(&gone)).await, 0);
        assert_eq!(stage.answers(&gone).await, [json!({"media": 29})]);
    }
    assert_eq!(stage.named(user.id).await, 0);
    stage.read(&user, &begun).await.expect(404);
    assert_eq!(
        stage.read(&other, &kept).await.expect(200).body["status"],
        "ready"
    );
    let id = kept["mediaId"].as_str().unwrap();
    let names = stage.shelf.names();
    assert!(
        !names.is_empty() && names.iter().all(|name| name.contains(id)),
        "{names:?}"
    );
}

/// XC-03: what arrives afterwards leaves nothing, announced before or after.
#[tokio::test]
async fn xc_03_an_upload_that_comes_late_leaves_nothing() {
    let stage = Stage::new().await;
    let user = stage.world.user();
    let before = stage.announce(&user, announcement()).await;
    assert_eq!(stage.deliver(&text(&deleted(user.id))).await, 0);
    let after = stage.announce(&user, announcement()).await;
    for permit in [&before, &after, &after] {
        assert_eq!(stage.arrive(permit, &png(8, 8)).await, 0);
        assert!(stage.shelf.names().is_empty(), "{:?}", stage.shelf.names());
    }
    assert_eq!(stage.named(user.id).await, 0);
    let told = stage.told().await;
    assert!(!told.iter().any(|one| one.kind == "media.processed"));
}

/// XC-05: stopped anywhere and delivered again, each medium is counted once; an
/// upload that is being processed meanwhile leaves nothing either.
#[tokio::test]
async fn xc_05_erasing_that_stops_anywhere_counts_once_and_leaves_nothing() {
    let stage = Stage::new().await;
    let picture = png(8, 8);
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let user = stage.world.user();
            stage.picture(&user).await;
            let racing = stage.announce(&user, announcement()).await;
            let gone = deleted(user.id);
            let message = text(&gone);
            let (erased, _) = tokio::join!(
                stopped(polls, moment, stage.deliver(&message)),
                stopped(polls, moment, stage.arrive(&racing, &picture)),
            );
            done &= erased.is_some();
            // Whoever came second is told to come again.
            for _ in 0..3 {
                stage.deliver(&message).await;
                stage
                    .notify(racing["upload"]["fields"]["key"].as_str().unwrap())
                    .await;
            }
            assert_eq!(stage.deliver(&message).await, 0);
            // The upload may have found its owner gone, and gone by itself.
            let answers = stage.answers(&gone).await;
            let one_or_two = [json!({"media": 1}), json!({"media": 2})];
            assert!(
                answers.len() == 1 && one_or_two.contains(&answers[0]),
                "{answers:?}"
            );
            assert_eq!(
                stage.named(user.id).await,
                0,
                "{moment:?} after {polls} polls"
            );
            assert!(stage.shelf.names().is_empty(), "{:?}", stage.shelf.names());
        }
        if done {
            assert!(polls > 3, "{polls} polls");
            return;
        }
    }
    panic!("it never completed by itself");
}

/// SC-11: the list of a person's media, with what leads to the pictures.
#[tokio::test]
async fn sc_11_an_export_lists_the_media_of_its_owner() {
    let stage = Stage::new().await;
    let (user, other) = (stage.world.user(), stage.world.user());
    let mine = stage.picture(&user).await;
    stage.picture(&other).await;
    let requested = event(
        &UserExportRequested {
            user_id: user.id,
            operation_id: OperationId::new(),
        },
        1,
    );
    for _ in 0..2 {
        assert_eq!(stage.deliver(&text(&requested)).await, 0);
    }
    assert_eq!(stage.answers(&requested).await, [json!({"media": 1})]);
    let id = requested.data["operationId"].as_str().unwrap();
    let key = format!("parts/{id}/media.json");
    assert_eq!(stage.exports.names(), std::slice::from_ref(&key));
    let part: Value = serde_json::from_slice(&stage.exports.bytes(&key).unwrap()).unwrap();
    let media = part["media"].as_array().unwrap();
    assert_eq!(media.len(), 1);
    assert_eq!(media[0]["id"], mine["mediaId"]);
    assert_eq!(media[0]["fileName"], "a.png");
    assert_eq!(media[0]["width"], 8);
}
