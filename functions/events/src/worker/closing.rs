//! What ends: events whose time has passed, what a deleted organisation had,
//! and the registrations of a cancelled event.

use shared::commit::{Commit, CommitError, Settled};
use shared::cx::Context;
use shared::event::events::{EventCancelled, EventCompleted, EventDeleted};
use shared::id::{EventId, OrganizationId};
use shared::problem::{CONFLICT, Problem};
use shared::table::Entity;
use shared::worker::WorkerError;

use crate::model::{Admission, Counts, Event, Filter, Move, RegistrationStatus, Status, Step};
use crate::problems::HAS_SESSIONS;
use crate::store::shelves::shelve;
use crate::store::{Guard, Owner, Seats, Store, family};

/// How many registrations end in one commit: each is two actions.
const AT_ONCE: usize = 30;
/// What attendees read when an organisation is gone.
const CLOSED: &str = "The organization was closed.";

/// Ends what a deleted organisation had: what was open is cancelled, what
/// nobody saw is deleted.
pub(super) async fn close(
    store: &Store,
    cx: &Context,
    id: OrganizationId,
) -> Result<(), WorkerError> {
    // Sessions first: an event that has some is not deleted.
    for sessions in [true, false] {
        let mut after = None;
        loop {
            let owner = Owner::Organization(id);
            let wanted = |event: &Event| event.details.parent_id.is_some() == sessions;
            let page = store
                .list(&owner, &Filter::default(), wanted, 50, after)
                .await?;
            for event in &page.items {
                end(store, cx, event.id).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Ends one event of a deleted organisation.
async fn end(store: &Store, cx: &Context, id: EventId) -> Result<(), WorkerError> {
    // The index may be behind; the commit's condition is not.
    let Some(event) = store.find(id).await? else {
        return Ok(());
    };
    match event.status {
        Status::Approved | Status::Published => step(store, cx, &event, Move::Cancel, CLOSED).await,
        Status::Draft | Status::Submitted | Status::Rejected => remove(store, cx, &event).await,
        Status::Cancelled | Status::Completed => Ok(()),
    }
}

async fn remove(store: &Store, cx: &Context, event: &Event) -> Result<(), WorkerError> {
    let mut commit = store.commit(cx);
    commit
        .delete(event.key())
        .when("#version = :read")
        .bind(":read", event.version);
    family::remove(&mut commit, event);
    commit.delete(Admission::key_of(event.id));
    shelve(&mut commit, Some(event), None);
    store.forget_history(&mut commit, event.id).await?;
    commit.publish(
        &EventDeleted {
            event_id: event.id,
            organization_id: event.organization_id,
        },
        event.version + 1,
    );
    match commit.execute().await {
        // A session that was cancelled is kept as a record, and its event with it.
        Err(CommitError::Condition(problem)) if problem.kind() == &HAS_SESSIONS => Ok(()),
        result => result.settled(),
    }
}

/// Writes what Plenary did by itself into the event's history.
pub(super) fn record(
    commit: &mut Commit,
    next: &Event,
    step: Step,
    note: Option<String>,
    changed: Vec<String>,
) {
    let next = Event {
        version: next.version + 1,
        ..next.clone()
    };
    let entry = next.entry(commit.now(), step, None, note, changed);
    commit.create(&entry);
}

/// One move that no person makes.
pub(super) async fn step(
    store: &Store,
    cx: &Context,
    event: &Event,
    step: Move,
    why: &str,
) -> Result<(), WorkerError> {
    let mut commit = store.commit(cx);
    let Ok(next) = event.moved(step, commit.now()) else {
        return Ok(());
    };
    let reason = (step == Move::Cancel).then(|| why.to_owned());
    let next = Event {
        decision_note: reason.clone().or(next.decision_note),
        ..next
    };
    commit.replace(&next);
    shelve(&mut commit, Some(event), Some(&next));
    commit
        .update(Counts::key_of(event.id))
        .set("open", false)
        .when("attribute_exists(#pk)");
    let snapshot = next.snapshot();
    record(&mut commit, &next, step.into(), reason.clone(), Vec::new());
    store.note_change(&mut commit, event, &next, None).await?;
    if step == Move::Complete {
        commit.publish(&EventCompleted { event: snapshot }, event.version + 1);
    } else {
        commit.publish(
            &EventCancelled {
                event: snapshot,
                reason,
            },
            event.version + 1,
        );
    }
    commit.execute().await.settled()
}

/// Ends the registrations of a cancelled event, chunk by chunk. Registration
/// was closed by the commit that cancelled it, so none is added meanwhile.
pub(super) async fn end_registrations(
    store: &Store,
    cx: &Context,
    id: EventId,
    reason: &str,
) -> Result<(), WorkerError> {
    let Some((event, counts)) = store.with_counts(id).await? else {
        return Ok(());
    };
    if event.status != Status::Cancelled {
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = store.registrations(id, 100, after).await?;
        let open: Vec<_> = page
            .items
            .iter()
            .filter(|registration| registration.status != RegistrationStatus::Cancelled)
            .collect();
        for chunk in open.chunks(AT_ONCE) {
            let mut commit = store.commit(cx);
            let now = commit.now();
            let mut seats = Seats::of(&event, &counts, &mut commit);
            for was in chunk {
                let cancelled = was.turned(RegistrationStatus::Cancelled, now);
                seats.cancel(was, &cancelled, Some(reason.to_owned()));
            }
            seats.settle(Guard::Nothing, Problem::new(&CONFLICT));
            match commit.execute().await {
                // Somebody withdrew between our read and our write: look again.
                Err(err @ CommitError::Condition(_)) => {
                    return Err(WorkerError::transient(err));
                }
                result => result.settled()?,
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Completes published events whose end has passed; the schedule calls it.
///
/// # Errors
/// The store's; the next run goes on.
pub async fn complete_past(store: &Store, cx: &Context) -> Result<usize, WorkerError> {
    let now = store.now();
    let (mut after, mut done) = (None, 0);
    loop {
        let page = store.published_before(now, after).await?;
        for event in page
            .items
            .iter()
            .filter(|event| event.details.ends_at <= now)
        {
            if let Some(event) = store.find(event.id).await? {
                // Changed meanwhile: the next run sees to it.
                if let Err(err) = step(store, cx, &event, Move::Complete, "").await
                    && err.retryable()
                {
                    return Err(err);
                }
                done += 1;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(done);
        }
    }
}
