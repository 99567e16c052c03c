//! XC-05, XC-12: the worker stops at every await point; in the end there is one
//! file and one event, or nothing at all of who was deleted.

use shared::event::Event;
use shared::id::OperationId;
use shared::personal::GROUPS;
use shared::testing::{Moment, TestUser, stopped};

use super::stage::{Files, Stage, deleted, export_requested, step};
use crate::audit::batch;

/// More await points than any of this has; the tests find the true number.
const ENOUGH: usize = 400;

/// An export that waits for its last part.
async fn nearly(stage: &Stage, user: &TestUser) -> (OperationId, Event) {
    let id = OperationId::new();
    stage.tell(&[export_requested(user.id, id)]).await;
    stage.put_parts(id);
    let [first @ .., last] = GROUPS.map(|group| step(id, group, 1));
    stage.tell(&first).await;
    (id, last)
}

async fn stops(stage: &Stage, polls: usize, moment: Moment, event: &Event) -> bool {
    let work = stage
        .setup
        .worker
        .handle(batch(std::slice::from_ref(event)));
    stopped(polls, moment, work).await.is_some()
}

#[tokio::test]
async fn sc_11_an_export_that_stops_anywhere_is_one_file_and_one_event() {
    let stage = Stage::new().await;
    let user = stage.setup.world.user();
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let (id, last) = nearly(&stage, &user).await;
            done &= stops(&stage, polls, moment, &last).await;
            stage.tell(std::slice::from_ref(&last)).await;
            stage.tell(&[last]).await;
            let zip = stage
                .setup
                .exports
                .bytes(&format!("exports/{id}.zip"))
                .unwrap();
            assert_eq!(Files::of(&zip).len(), GROUPS.len() + 1);
            let told = stage.told("user.export.completed").await;
            let told = told.iter().filter(|event| event.subject_is(id));
            assert_eq!(told.count(), 1, "{moment:?} after {polls} polls");
            let names = stage.setup.exports.names();
            assert!(
                names.iter().all(|name| name.starts_with("exports/")),
                "{names:?}"
            );
        }
        if done {
            assert!(polls > 3, "{polls} polls");
            return;
        }
    }
    panic!("it never completed by itself");
}

trait OfOperation {
    fn subject_is(&self, id: OperationId) -> bool;
}

impl OfOperation for Event {
    fn subject_is(&self, id: OperationId) -> bool {
        self.data["operationId"] == id.to_string()
    }
}

/// The last part comes while the account is deleted, and either stops anywhere.
#[tokio::test]
async fn sc_11_an_export_and_a_deletion_that_race_leave_nothing() {
    let stage = Stage::new().await;
    for polls in 0..ENOUGH {
        let mut done = true;
        for moment in Moment::ALL {
            let user = stage.setup.world.user();
            let (id, last) = nearly(&stage, &user).await;
            let deletion = OperationId::new();
            let gone = deleted(user.id, deletion);
            let (a, b) = tokio::join!(
                stops(&stage, polls, moment, &last),
                stops(&stage, polls / 2, moment, &gone),
            );
            done &= a && b;
            stage.tell(std::slice::from_ref(&gone)).await;
            stage.deliver(std::slice::from_ref(&last)).await;
            stage.tell(&[last, gone]).await;
            let names = stage.setup.exports.names();
            assert!(
                names.is_empty(),
                "{moment:?} after {polls} polls: {names:?}"
            );
            stage.read_as(id, &user).await.expect(404);
            let counted = stage.told("saga.step.completed").await;
            let mut counted = counted.iter().filter(|event| event.subject_is(deletion));
            let first = counted.next().unwrap();
            assert_eq!(first.data["counts"]["operations"], 1);
            assert!(counted.next().is_none());
        }
        if done {
            return;
        }
    }
    panic!("it never completed by itself");
}
