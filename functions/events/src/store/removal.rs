//! Deleting an event that nobody outside has seen, with all that belongs to it.

use shared::commit::Commit;
use shared::cx::Context;
use shared::event::events::EventDeleted;
use shared::problem::{Problem, VERSION_CONFLICT};
use shared::table::{Entity, StoreError};

use super::history::Past;
use super::shelves::shelve;
use super::{Store, family};
use crate::model::{Admission, Event};

/// An event on its way out, and what goes with it.
#[derive(Debug)]
pub struct Removal<'a> {
    event: &'a Event,
    past: Past,
}

impl Store {
    /// Reads what goes with an event.
    ///
    /// # Errors
    /// The store's.
    pub async fn removal<'a>(&self, event: &'a Event) -> Result<Removal<'a>, StoreError> {
        let past = self.past(event.id).await?;
        Ok(Removal { event, past })
    }
}

impl Removal<'_> {
    /// Removes it within `commit`: fails if it was changed meanwhile, and as
    /// `has-sessions` while it has parts.
    pub fn of(self, commit: &mut Commit, cx: &Context) {
        let Self { event, past } = self;
        commit
            .delete(event.key())
            .when("#version = :version")
            .bind(":version", event.version)
            .or(Problem::new(&VERSION_CONFLICT));
        family::remove(commit, event);
        commit.delete(Admission::key_of(event.id));
        shelve(commit, Some(event), None);
        past.forget(commit, cx, event.id);
        let deleted = EventDeleted {
            event_id: event.id,
            organization_id: event.organization_id,
        };
        commit.publish(&deleted, event.version + 1);
    }
}
