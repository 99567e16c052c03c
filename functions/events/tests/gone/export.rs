//! B1-12, SC-11: everything that is kept of somebody, for them.

use serde_json::{Value, json};
use shared::event::operations::UserExportRequested;
use shared::id::OperationId;
use shared::personal::part_key;
use shared::testing::event;

use super::life::Life;
use crate::worker::deliver;

/// B1-12, SC-11: one document holds all of it and no secret, and it is answered
/// once, however often it is asked for.
#[tokio::test]
async fn b1_12_sc_11_a_person_gets_everything_that_is_kept_of_them() {
    let life = Life::lived().await;
    life.goes_by().await;
    let (stage, user) = (&life.stage, &life.user);
    let operation_id = OperationId::new();
    let asked = event(
        &UserExportRequested {
            user_id: user.id,
            operation_id,
        },
        1,
    );
    assert_eq!(deliver(stage, &[asked.clone(), asked]).await, 0);
    let key = part_key(operation_id, "events");
    let text = stage.exports.bytes(&key).unwrap();
    let part: Value = serde_json::from_slice(&text).unwrap();
    let answers = stage.answers().await;
    assert_eq!(answers.len(), 1, "once");
    for (name, number) in answers[0].as_object().unwrap() {
        assert_eq!(
            part[name].as_array().unwrap().len() as u64,
            number.as_u64().unwrap()
        );
    }
    let wanted = json!({"registrations": 6, "savedEvents": 2, "calendarFeeds": 1, "events": 3,
        "historyEntries": 11, "venues": 2, "doorWork": 2, "handOversToYou": 1, "interests": 1,
        "connections": 1});
    assert_eq!(answers[0], wanted);
    let came = &part["registrations"];
    let came = came.as_array().unwrap().iter();
    let came = came.clone().find(|one| one["title"] == "Past").unwrap();
    assert_eq!(came["answers"]["diet"], "plants");
    assert_eq!(came["tickets"], json!([1]));
    assert_eq!(came["checkIns"][0]["list"], "main");
    let secret = life
        .feed
        .rsplit('/')
        .next()
        .unwrap()
        .trim_end_matches(".ics");
    let text = String::from_utf8(text).unwrap();
    for hidden in [secret, "hash", "Fine.\"\n  \"rating"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}

/// SC-11: of others there is nothing in it, and somebody of whom nothing is kept
/// gets just that.
#[tokio::test]
async fn sc_11_an_export_is_the_persons_own() {
    let life = Life::lived().await;
    let stage = &life.stage;
    let stranger = stage.world.user();
    let operation_id = OperationId::new();
    let asked = UserExportRequested {
        user_id: stranger.id,
        operation_id,
    };
    assert_eq!(deliver(stage, &[event(&asked, 1)]).await, 0);
    let text = stage
        .exports
        .bytes(&part_key(operation_id, "events"))
        .unwrap();
    let part: Value = serde_json::from_slice(&text).unwrap();
    for (name, list) in part.as_object().unwrap() {
        assert_eq!(list, &json!([]), "{name}");
    }
}
