//! How many parts an event has, counted beside it: an event that has some is
//! not deleted, and a part is not added to one that is being deleted.

use shared::commit::Commit;
use shared::id::EventId;
use shared::problem::Problem;

use crate::model::{Counts, Event};
use crate::problems::HAS_SESSIONS;

/// A part is added to `parent`.
pub fn add(commit: &mut Commit, parent: EventId) {
    commit
        .update(Counts::key_of(parent))
        .add("sessions", 1)
        .when("attribute_exists(#pk)")
        .or(Problem::not_found("The event that it is part of"));
}

/// `event` is deleted, with its counts: it must have no parts, and its parent,
/// if it has one, has one less.
pub fn remove(commit: &mut Commit, event: &Event) {
    commit
        .delete(Counts::key_of(event.id))
        .when("attribute_not_exists(#sessions) OR #sessions <= :none")
        .bind(":none", 0)
        .or(Problem::new(&HAS_SESSIONS));
    if let Some(parent) = event.details.parent_id {
        commit
            .update(Counts::key_of(parent))
            .add("sessions", -1)
            .when("attribute_exists(#pk)");
    }
}
