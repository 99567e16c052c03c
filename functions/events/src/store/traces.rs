//! Traces of people in what belongs to others (`model::trace`): left by the
//! commit that writes the id there, or before it.

use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::id::UserId;
use shared::personal::Erased;
use shared::problem::Problem;
use shared::table::{Entity, Found, Position, Query, StoreError};

use super::Store;
use crate::model::{Event, HistoryEntry, Place, Trace};

/// Leaves a trace within the commit that writes the id.
pub fn trace(commit: &mut Commit, user_id: UserId, place: Place) {
    let trace = Trace { user_id, place };
    // A commit may say the same twice; updates of one item are one.
    commit
        .update(trace.key())
        .set("kind", Trace::KIND)
        .set("userId", user_id)
        .set("place", place);
}

/// Takes a trace away.
pub fn untrace(commit: &mut Commit, user_id: UserId, place: Place) {
    commit.delete(Trace { user_id, place }.key());
}

/// Writes down a step of an event's history; who made it leaves a trace.
pub fn chronicle(commit: &mut Commit, entry: &HistoryEntry) {
    commit.create(entry);
    if let Some(actor) = entry.actor_id {
        let event_id = entry.event_id;
        trace(commit, actor, Place::Event { event_id });
    }
}

/// Lets a commit fail about somebody whose account was deleted.
pub fn must_have_account(commit: &mut Commit, user: UserId) {
    let detail = "is nobody who has an account";
    Erased::not(commit, user).or(Problem::invalid("/userId", "unknown", detail));
}

impl Store {
    /// Leaves a trace before the id is written, where that happens often or in
    /// commits that have no room: one too many does no harm.
    ///
    /// # Errors
    /// The store's.
    pub async fn trace_before(
        &self,
        cx: &Context,
        user_id: UserId,
        place: Place,
    ) -> Result<(), CommitError> {
        let trace = Trace { user_id, place };
        let known: Option<Trace> = self.table.get(&trace.key()).await?;
        if known.is_some() {
            return Ok(());
        }
        let mut commit = self.commit(cx);
        commit.put(&trace);
        commit.execute().await
    }

    /// The same for everybody with an account who speaks at an event, besides
    /// those who spoke there `before`.
    ///
    /// # Errors
    /// The store's.
    pub async fn trace_speakers(
        &self,
        cx: &Context,
        before: Option<&Event>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let known = before.map(Event::people).unwrap_or_default();
        let place = Place::Event { event_id: event.id };
        let mut commit = self.commit(cx);
        for user_id in event.people().difference(&known) {
            trace(&mut commit, *user_id, place);
        }
        if commit.is_empty() {
            return Ok(());
        }
        commit.execute().await
    }

    /// A page of a person's traces.
    pub async fn traces_of(
        &self,
        user: UserId,
        after: Option<Position>,
    ) -> Result<Found<Trace>, StoreError> {
        let query = Query::partition(format!("USER#{user}"))
            .begins_with(Trace::PREFIX)
            .limit(80)
            .consistent();
        self.table.query(query.after(after)).await
    }
}
