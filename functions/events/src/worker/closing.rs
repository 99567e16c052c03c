//! What ends: events whose time has passed, what a deleted organisation had,
//! and the registrations of a cancelled event.

use shared::commit::{Commit, CommitError, Settled};
use shared::cx::Context;
use shared::event::events::{EventCancelled, EventCompleted};
use shared::id::{EventId, OrganizationId};
use shared::table::Position;
use shared::worker::WorkerError;

use super::jobs::{Left, late};
use crate::model::{Counts, Event, Filter, Move, Progress, RegistrationStatus, Status, Step};
use crate::problems::HAS_SESSIONS;
use crate::store::shelves::shelve;
use crate::store::{Guard, Owner, Seats, Store, moved};

/// How many registrations end in one commit: each is four actions at most.
const AT_ONCE: u32 = 24;
/// What attendees read when an organisation is gone.
const CLOSED: &str = "The organization was closed.";
/// How often the same thing is looked at again when others change it.
const LOOKS: usize = 8;

/// Ends what a deleted organisation had: what was open is cancelled, what
/// nobody saw is deleted. It begins anew each time, past what has ended.
pub(super) async fn close(
    store: &Store,
    cx: &Context,
    id: OrganizationId,
) -> Result<Left, WorkerError> {
    // Sessions first: an event that has some is not deleted.
    for sessions in [true, false] {
        let mut after = None;
        loop {
            let owner = Owner::Organization(id);
            let wanted = |event: &Event| {
                let ended = matches!(event.status, Status::Cancelled | Status::Completed);
                !ended && event.details.parent_id.is_some() == sessions
            };
            let page = store
                .list(&owner, &Filter::default(), wanted, 50, after)
                .await?;
            for event in &page.items {
                if late(cx) {
                    return Ok(Some(Progress::default()));
                }
                end(store, cx, event.id).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(None)
}

/// Ends one event of a deleted organisation.
async fn end(store: &Store, cx: &Context, id: EventId) -> Result<(), WorkerError> {
    changing(store, id, async |event| match event.status {
        Status::Approved | Status::Published => step(store, cx, event, Move::Cancel, CLOSED).await,
        Status::Draft | Status::Submitted | Status::Rejected => remove(store, cx, event).await,
        Status::Cancelled | Status::Completed => Ok(()),
    })
    .await
}

/// Changes an event as it stands now, and looks again when somebody else
/// changed it in this moment. What is gone needs no change.
pub(super) async fn changing(
    store: &Store,
    id: EventId,
    change: impl AsyncFn(&Event) -> Result<(), CommitError>,
) -> Result<(), WorkerError> {
    for _ in 1..LOOKS {
        // Indexes may be behind; this is not.
        let Some(event) = store.find(id).await? else {
            return Ok(());
        };
        match change(&event).await {
            Err(CommitError::Condition(_)) => {}
            result => return result.settled(),
        }
    }
    Err(WorkerError::transient(
        "others change the event all the time",
    ))
}

async fn remove(store: &Store, cx: &Context, event: &Event) -> Result<(), CommitError> {
    let removal = store.removal(event).await?;
    let mut commit = store.commit(cx);
    removal.of(&mut commit, cx);
    match commit.execute().await {
        // A session that was cancelled is kept as a record, and its event with it.
        Err(CommitError::Condition(problem)) if problem.kind() == &HAS_SESSIONS => Ok(()),
        result => result,
    }
}

/// Takes the rest of a deleted event's history away. Nothing is added to it:
/// every entry is written with the event.
pub(super) async fn forget_history(
    store: &Store,
    cx: &Context,
    id: EventId,
) -> Result<Left, WorkerError> {
    if store.find(id).await?.is_some() {
        return Ok(None);
    }
    while !late(cx) {
        if !store.forget_history(cx, id).await? {
            return Ok(None);
        }
    }
    Ok(Some(Progress::default()))
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
) -> Result<(), CommitError> {
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
    commit.execute().await
}

/// Ends the registrations of a cancelled event, chunk by chunk. Registration
/// was closed by the commit that cancelled it, so none is added meanwhile.
pub(super) async fn end_registrations(
    store: &Store,
    cx: &Context,
    id: EventId,
    reason: &str,
    mut after: Option<Position>,
) -> Result<Left, WorkerError> {
    let Some((event, counts)) = store.with_counts(id).await? else {
        return Ok(None);
    };
    if event.status != Status::Cancelled {
        return Ok(None);
    }
    let mut lost = 0;
    while !late(cx) {
        let page = store.registrations(id, AT_ONCE, after.clone()).await?;
        let mut commit = store.commit(cx);
        let now = commit.now();
        let mut seats = Seats::of(&event, &counts, &mut commit);
        for was in &page.items {
            if was.status != RegistrationStatus::Cancelled {
                let cancelled = was.turned(RegistrationStatus::Cancelled, now);
                seats.cancel(was, &cancelled, Some(reason.to_owned()));
            }
        }
        seats.settle(Guard::Nothing, moved());
        match commit.execute().await {
            // Somebody withdrew between our read and our write: look again.
            Err(CommitError::Condition(_)) if lost < LOOKS => {
                lost += 1;
                continue;
            }
            Err(err @ CommitError::Condition(_)) => return Err(WorkerError::transient(err)),
            result => result.settled()?,
        }
        (lost, after) = (0, page.next);
        if after.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(Progress::at(after)))
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
            if late(cx) {
                return Ok(done);
            }
            if let Some(event) = store.find(event.id).await? {
                // Changed meanwhile: the next run sees to it.
                if let Err(err) = step(store, cx, &event, Move::Complete, "").await
                    && err.retryable()
                {
                    return Err(err.into());
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
