//! B3-10: answers at an event feed the matching there, as long as the attendee
//! consents.

use serde_json::{Value, json};
use shared::event::Event;
use shared::event::attendees::AnswersShared;
use shared::event::operations::UserDeleted;
use shared::id::{EventId, OperationId, RegistrationId, UserId};
use shared::testing::{TestUser, event};

use crate::stage::{Stage, founder, investor, registration, saved, starts_at};

fn answers(user: UserId, at: EventId, terms: &[&str], sequence: u64) -> Event {
    let payload = AnswersShared {
        registration_id: RegistrationId::new(),
        event_id: at,
        user_id: user,
        starts_at: starts_at(),
        answers: terms.iter().map(|term| (*term).to_owned()).collect(),
    };
    event(&payload, sequence)
}

async fn mutual(stage: &Stage, user: &TestUser, at: EventId) -> Value {
    stage.wait();
    let found = stage.matches(user, &format!("?eventId={at}")).await;
    found.expect(200).body["items"][0]["mutualInterests"].clone()
}

/// The same answer is an interest in common, with its reason, at that event and
/// at no other; it also meets the tags of what the other saved.
#[tokio::test]
async fn b3_10_shared_answers_are_interests_at_their_event() {
    let stage = Stage::new().await;
    let (here, there) = (EventId::new(), EventId::new());
    let me = stage.attendee(here, founder()).await;
    let angel = stage.attendee(here, investor()).await;
    for user in [&me, &angel] {
        stage
            .done(&[registration(there, user.id, RegistrationId::new(), 1)])
            .await;
    }
    assert_eq!(mutual(&stage, &me, here).await, json!([]));
    stage
        .done(&[
            answers(me.id, here, &["Rust", "Embedded"], 1),
            answers(angel.id, here, &["rust"], 1),
        ])
        .await;
    assert_eq!(mutual(&stage, &me, here).await, json!(["Rust"]));
    assert_eq!(mutual(&stage, &angel, here).await, json!(["rust"]));
    assert_eq!(mutual(&stage, &me, there).await, json!([]));
    let found = stage.matches(&me, &format!("?eventId={here}")).await;
    let reasons = found.expect(200).body["items"][0]["reasons"].clone();
    let reasons = reasons.as_array().unwrap();
    assert!(
        reasons
            .iter()
            .any(|reason| reason["text"] == "Interested in Rust, like you")
    );
    stage
        .done(&[saved(angel.id, EventId::new(), "A talk", &["embedded"], 1)])
        .await;
    assert_eq!(mutual(&stage, &me, here).await, json!(["Rust", "Embedded"]));
}

/// Late, twice, in any order, and before the registration itself: what is newest
/// holds, and a withdrawal leaves nothing.
#[tokio::test]
async fn b3_10_disorder_and_withdrawal() {
    let stage = Stage::new().await;
    let at = EventId::new();
    let me = stage.attendee(at, founder()).await;
    stage.done(&[answers(me.id, at, &["Rust"], 1)]).await;
    let late = stage.world.user();
    stage.set(&late, investor()).await.expect(200);
    let first = answers(late.id, at, &["Rust"], 1);
    stage
        .done(&[
            first.clone(),
            registration(at, late.id, RegistrationId::new(), 1),
            first.clone(),
        ])
        .await;
    assert_eq!(mutual(&stage, &me, at).await, json!(["Rust"]));
    // The withdrawal overtakes another change.
    stage
        .done(&[
            answers(late.id, at, &[], 3),
            answers(late.id, at, &["Rust", "AWS"], 2),
            first,
        ])
        .await;
    assert_eq!(mutual(&stage, &me, at).await, json!([]));
    stage.done(&[answers(late.id, at, &["Rust"], 4)]).await;
    assert_eq!(mutual(&stage, &me, at).await, json!(["Rust"]));
}

/// An account that is gone leaves nothing here, also when its news is late.
#[tokio::test]
async fn b3_10_mm_05_a_deleted_account_leaves_nothing() {
    let stage = Stage::new().await;
    let at = EventId::new();
    let me = stage.attendee(at, founder()).await;
    let gone = stage.attendee(at, investor()).await;
    let late = [
        answers(gone.id, at, &["Rust"], 1),
        saved(gone.id, EventId::new(), "A talk", &["rust"], 1),
        registration(at, gone.id, RegistrationId::new(), 7),
    ];
    stage.done(&late).await;
    stage
        .matches(&gone, &format!("?eventId={at}"))
        .await
        .expect(200);
    let deleted = event(
        &UserDeleted {
            user_id: gone.id,
            operation_id: OperationId::new(),
        },
        9,
    );
    stage.done(std::slice::from_ref(&deleted)).await;
    stage.done(&late).await;
    stage.done(&[deleted]).await;
    stage.wait();
    assert!(stage.found(&me, at).await.is_empty());
    let items = stage.world.db.items(stage.world.table()).await;
    let left: Vec<String> = items
        .iter()
        .map(|item| format!("{item:?}"))
        .filter(|item| item.contains(&gone.id.to_string()))
        .collect();
    assert_eq!(left.len(), 1, "the mark that keeps late news out: {left:?}");
    assert!(!left[0].contains("profile"));
}
