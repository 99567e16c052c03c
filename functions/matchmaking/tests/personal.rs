//! XC-03, SC-11: what becomes of a person's profile and of all that came with it
//! when they go, or ask for it.

use serde_json::{Value, json};
use shared::event::Event;
use shared::event::attendees::AnswersShared;
use shared::event::operations::{UserDeleted, UserExportRequested};
use shared::id::{EventId, OperationId, RegistrationId, UserId};
use shared::testing::{Moment, TestUser, event, stopped};

use crate::stage::{Stage, founder, investor, registration, saved, starts_at, unsaved};

/// More await points than any of this has; the tests find the true number.
const ENOUGH: usize = 400;

fn deleted(user_id: UserId) -> Event {
    let payload = UserDeleted {
        user_id,
        operation_id: OperationId::new(),
    };
    event(&payload, 1)
}

fn answers(user_id: UserId, event_id: EventId) -> Event {
    let payload = AnswersShared {
        registration_id: RegistrationId::new(),
        event_id,
        user_id,
        answers: vec!["Rust".into()],
        starts_at: starts_at(),
    };
    event(&payload, 1)
}

impl Stage {
    /// Somebody with something of everything, who looked at their matches.
    async fn whole_person(&self, at: EventId) -> TestUser {
        let user = self.attendee(at, investor()).await;
        self.done(&[
            answers(user.id, at),
            saved(user.id, EventId::new(), "A talk", &["rust"], 1),
            saved(user.id, EventId::new(), "B talk", &["go"], 1),
        ])
        .await;
        for query in ["", &format!("?eventId={at}")] {
            self.matches(&user, query).await.expect(200);
        }
        user
    }

    /// What the group answered an operation.
    async fn answered(&self, to: &Event) -> Vec<Value> {
        let told = self.world.outbox(self.world.table()).await;
        let mut told: Vec<Event> = told;
        let id = &to.data["operationId"];
        told.retain(|one| one.kind == "saga.step.completed" && one.data["operationId"] == *id);
        told.into_iter()
            .map(|one| one.data["counts"].clone())
            .collect()
    }

    /// The partitions that name somebody.
    async fn named(&self, user: UserId) -> Vec<String> {
        let items = self.world.db.items(self.world.table()).await;
        let items = items
            .iter()
            .filter(|item| format!("{item:?}").contains(&user.to_string()));
        items
            .map(|item| item["pk"].as_s().unwrap().clone())
            .collect()
    }
}

/// XC-03: everything goes and is counted; a second delivery counts nothing.
#[tokio::test]
async fn xc_03_who_is_deleted_is_matched_with_nobody_and_counted_once() {
    let stage = Stage::new().await;
    let at = EventId::new();
    let me = stage.attendee(at, founder()).await;
    let user = stage.whole_person(at).await;
    assert_eq!(stage.found(&me, at).await, [user.id]);
    let gone = deleted(user.id);
    for _ in 0..2 {
        stage.done(std::slice::from_ref(&gone)).await;
        let counts = json!({
            "profiles": 1, "savedEvents": 2, "answers": 1, "attendances": 1, "matches": 2,
        });
        assert_eq!(stage.answered(&gone).await, [counts]);
    }
    assert_eq!(stage.named(user.id).await, [format!("ERASED#{}", user.id)]);
    // My own kept results still hold the id for seconds, and show nobody by it.
    assert!(stage.found(&me, at).await.is_empty());
    // Who was never heard of answers as well.
    let stranger = deleted(UserId::new());
    stage.done(std::slice::from_ref(&stranger)).await;
    assert_eq!(stage.answered(&stranger).await, [json!({})]);
}

/// XC-05: stopped anywhere, with late news and a change of the profile racing it:
/// nothing stays, and each thing is counted once.
#[tokio::test]
async fn xc_05_erasing_that_stops_anywhere_leaves_nothing() {
    let stage = Stage::new().await;
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let at = EventId::new();
            let user = stage.attendee(at, investor()).await;
            let new = stage.world.user();
            let (gone, gone_too) = (deleted(user.id), deleted(new.id));
            let late = [
                saved(user.id, EventId::new(), "A talk", &["rust"], 1),
                registration(EventId::new(), user.id, RegistrationId::new(), 1),
                // Of somebody of whom nothing is known yet.
                saved(new.id, EventId::new(), "A talk", &["rust"], 1),
            ];
            let deletions = [gone.clone(), gone_too.clone()];
            let (erased, _) = tokio::join!(
                stopped(polls, moment, stage.deliver(&deletions)),
                stopped(polls, moment, stage.deliver(&late)),
            );
            done &= erased.is_some();
            stage.deliver(&deletions).await;
            stage.done(&deletions).await;
            stage.done(&late).await;
            for (who, event) in [(&user, &gone), (&new, &gone_too)] {
                let named = stage.named(who.id).await;
                assert_eq!(
                    named,
                    [format!("ERASED#{}", who.id)],
                    "{moment:?}, {polls} polls"
                );
                assert_eq!(stage.answered(event).await.len(), 1);
            }
            assert_eq!(stage.answered(&gone).await[0]["profiles"], 1);
        }
        if done {
            assert!(polls > 3, "{polls} polls");
            return;
        }
    }
    panic!("it never completed by itself");
}

/// SC-11: what is kept of a person, and of nobody else.
#[tokio::test]
async fn sc_11_an_export_holds_what_a_person_told_and_did() {
    let stage = Stage::new().await;
    let at = EventId::new();
    let me = stage.attendee(at, founder()).await;
    let user = stage.whole_person(at).await;
    let dropped = EventId::new();
    stage
        .done(&[
            saved(user.id, dropped, "C talk", &["c"], 1),
            unsaved(user.id, dropped, 2),
        ])
        .await;
    let nobody = UserId::new();
    for (who, counts) in [
        (
            user.id,
            json!({"name": 0, "profile": 1, "savedEvents": 2, "answers": 1, "attendances": 1}),
        ),
        (
            nobody,
            json!({"name": 0, "profile": 0, "savedEvents": 0, "answers": 0, "attendances": 0}),
        ),
    ] {
        let requested = UserExportRequested {
            user_id: who,
            operation_id: OperationId::new(),
        };
        let requested = event(&requested, 1);
        stage.done(&[requested.clone(), requested.clone()]).await;
        assert_eq!(stage.answered(&requested).await, [counts]);
        let id = requested.data["operationId"].as_str().unwrap();
        let key = format!("parts/{id}/matchmaking.json");
        let text = String::from_utf8(stage.exports.bytes(&key).unwrap()).unwrap();
        assert!(!text.contains(&me.id.to_string()));
        let part: Value = serde_json::from_str(&text).unwrap();
        if who == nobody {
            assert_eq!(part["profile"], Value::Null);
            continue;
        }
        assert_eq!(part["profile"]["company"], "Globex Ventures");
        assert_eq!(part["answers"][0]["answers"], json!(["Rust"]));
        assert_eq!(part["attendances"][0]["eventId"], at.to_string());
        assert!(!text.contains("C talk"));
    }
}
