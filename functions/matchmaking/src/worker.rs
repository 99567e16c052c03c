//! What the group makes of each event that it consumes.
//!
//! Delivery is at least once and in no order. Every handler compares the
//! event's `sequence` with what is stored and drops what is not newer; removed
//! entries stay as tombstones for 35 days. Changes of one person go through
//! that person's version, so that racing events come one after the other.

mod interests;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::FutureExt;
use futures::stream::{self, TryStreamExt};
use shared::commit::{CommitError, Settled};
use shared::cx::Context;
use shared::event::attendees::AnswersShared;
use shared::event::auth::UserRegistered;
use shared::event::events::{
    EventCancelled, EventPublished, EventSaved, EventSnapshot, EventUnsaved, EventUpdated,
    RegistrationCancelled, RegistrationCreated, RegistrationPromoted,
};
use shared::event::matchmaking::MatchmakingRunRequested;
use shared::event::operations::UserDeleted;
use shared::event::users::UserProfileUpdated;
use shared::event::{Contract, Event};
use shared::id::{EventId, RegistrationId, UserId};
use shared::worker::{WorkerError, run_batch};
use std::time::Duration;

use crate::App;
use crate::store::event_items::{EventCopy, RunStatus};
use crate::store::items::{Attendance, Member};
use crate::store::person::{Change, Person};
use interests::{answered, saved, unsaved};

/// Bounds the handling of one event.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often a change of a person begins again when another one came first.
const ATTEMPTS: usize = 5;
/// How many people one message of a batch run serves.
pub const RUN_CHUNK: usize = 100;
/// More people than this are not matched in a batch: it would cost more than
/// it saves, since most never look.
pub const RUN_PEOPLE: usize = 5_000;
/// How many results are written side by side.
const WRITES: usize = 8;

/// Handles a batch of the queue.
pub async fn handle(app: &App, batch: SqsEvent) -> SqsBatchResponse {
    // Boxed: the type of the whole future would be too deep for the compiler.
    run_batch(batch, TIMEOUT, |event, cx| {
        consume(app, event, cx).boxed_local()
    })
    .await
}

/// Handles one event.
///
/// # Errors
/// What keeps the event from being handled, now or ever.
pub async fn consume(app: &App, event: Event, cx: Context) -> Result<(), WorkerError> {
    match event.kind.as_str() {
        UserRegistered::TYPE => registered(app, &event, &cx).await,
        UserProfileUpdated::TYPE => renamed(app, &event, &cx).await,
        EventSaved::TYPE => saved(app, &event, &cx).await,
        EventUnsaved::TYPE => unsaved(app, &event, &cx).await,
        AnswersShared::TYPE => answered(app, &event, &cx).await,
        UserDeleted::TYPE => forget(app, &event, &cx).await,
        RegistrationCreated::TYPE => {
            let data: RegistrationCreated = event.data()?;
            let place = (data.user_id, data.event_id, data.registration_id);
            attends(
                app,
                &event,
                &cx,
                place,
                // Who was only registered by somebody else is seen by nobody.
                data.status == "confirmed" && data.accepted,
                data.starts_at,
            )
            .await
        }
        RegistrationPromoted::TYPE => {
            let data: RegistrationPromoted = event.data()?;
            let place = (data.user_id, data.event_id, data.registration_id);
            attends(app, &event, &cx, place, data.accepted, data.starts_at).await
        }
        RegistrationCancelled::TYPE => {
            let data: RegistrationCancelled = event.data()?;
            let place = (data.user_id, data.event_id, data.registration_id);
            attends(app, &event, &cx, place, false, data.starts_at).await
        }
        EventPublished::TYPE => copy(app, &event, &cx, event.data::<EventPublished>()?.event).await,
        EventUpdated::TYPE => copy(app, &event, &cx, event.data::<EventUpdated>()?.event).await,
        EventCancelled::TYPE => copy(app, &event, &cx, event.data::<EventCancelled>()?.event).await,
        MatchmakingRunRequested::TYPE => run(app, &event, &cx).await,
        other => {
            tracing::warn!(event.type = other, "nothing to do for this type");
            Ok(())
        }
    }
}

/// Changes a person by what `change` makes of them; `None` leaves them alone.
async fn change(
    app: &App,
    cx: &Context,
    user: UserId,
    change: impl Fn(&Person) -> Option<Change>,
) -> Result<(), WorkerError> {
    for _ in 0..ATTEMPTS {
        let person = app.store.person(user).await?;
        let gone = person.member.deleted_at.is_some();
        let Some(change) = change(&person).filter(|_| !gone) else {
            return Ok(());
        };
        match app.store.change(cx, &person, change).await {
            Err(CommitError::Condition(_)) => {}
            other => return other.map_err(Into::into),
        }
    }
    Err(WorkerError::transient(
        "the person was changed again and again",
    ))
}

async fn registered(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let data: UserRegistered = event.data()?;
    let name = data.name.or(data.username);
    name_is(app, cx, data.user_id, name, event.sequence).await
}

/// MM-10: the name is copied; other changes of the account do not concern us.
async fn renamed(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let data: UserProfileUpdated = event.data()?;
    let Some(name) = data
        .changes
        .get("name")
        .or_else(|| data.changes.get("displayName"))
    else {
        return Ok(());
    };
    let name = name.as_str().map(str::to_owned);
    name_is(app, cx, data.user_id, name, event.sequence).await
}

async fn name_is(
    app: &App,
    cx: &Context,
    user: UserId,
    name: Option<String>,
    sequence: u64,
) -> Result<(), WorkerError> {
    change(app, cx, user, |person| {
        let known = person.member.version > 0 && person.member.name_sequence >= sequence;
        (!known).then(|| {
            Change::Member(Box::new(Member {
                name: name.clone(),
                name_sequence: sequence,
                ..person.member.clone()
            }))
        })
    })
    .await
}

/// An account is gone: the badges go with the profile, then all the rest. What
/// is left of the person keeps late news out.
async fn forget(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let UserDeleted { user_id, .. } = event.data()?;
    change(app, cx, user_id, |person| {
        let gone = Member {
            version: person.member.version,
            stamp: person.member.stamp,
            deleted_at: Some(event.time),
            ..Member::new(user_id)
        };
        Some(Change::Member(Box::new(gone)))
    })
    .await?;
    let person = app.store.person(user_id).await?;
    app.store.erase(cx, &person).await.map_err(Into::into)
}

/// A place was taken or given up. A person can register, cancel, and register
/// again under a new id, so the newer registration counts before the version.
async fn attends(
    app: &App,
    event: &Event,
    cx: &Context,
    (user_id, event_id, registration_id): (UserId, EventId, RegistrationId),
    attending: bool,
    starts_at: jiff::Timestamp,
) -> Result<(), WorkerError> {
    change(app, cx, user_id, |person| {
        let stored = person.attendance(event_id);
        let news = (registration_id, event.sequence);
        if stored.is_some_and(|stored| (stored.registration_id, stored.sequence) >= news) {
            return None;
        }
        let matched = if attending {
            person.has_room(event_id)
        } else {
            stored.is_some_and(|stored| stored.matched)
        };
        Some(Change::Attendance(Attendance {
            user_id,
            event_id,
            registration_id,
            sequence: event.sequence,
            attending,
            matched,
            starts_at,
            at: event.time,
        }))
    })
    .await
}

async fn copy(
    app: &App,
    event: &Event,
    cx: &Context,
    snapshot: EventSnapshot,
) -> Result<(), WorkerError> {
    let copy = EventCopy {
        event_id: snapshot.event_id,
        created_by: snapshot.created_by,
        organization_id: snapshot.organization_id,
        status: snapshot.status,
        title: snapshot.title,
    };
    app.store.hear(cx, &copy, event.sequence).await.settled()
}

/// MM-04: one chunk of a batch run. A chunk that comes twice writes the same
/// results twice and moves the run on once.
async fn run(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let data: MatchmakingRunRequested = event.data()?;
    let Some(mut run) = app.store.run(data.run_id).await? else {
        return Ok(());
    };
    let (_, settings) = app.store.event(data.event_id).await?;
    let roster = app.matcher.roster(&settings).await?;
    run.people = u32::try_from(roster.len()).ok();
    let people = if roster.len() > RUN_PEOPLE {
        Vec::new()
    } else {
        roster.people(data.after, RUN_CHUNK)
    };
    stream::iter(people.iter().map(Ok))
        .try_for_each_concurrent(WRITES, |(user, stamp)| {
            let results = app.matcher.of_run(&roster, &settings, *user, *stamp);
            async move { app.store.keep(cx, &results).await }
        })
        .await?;
    run.done = data.done + u32::try_from(people.len()).unwrap_or(0);
    let last = people
        .last()
        .map(|(user, _)| *user)
        .filter(|_| people.len() == RUN_CHUNK);
    run.status = match last {
        _ if roster.len() > RUN_PEOPLE => RunStatus::Deferred,
        Some(_) => RunStatus::Running,
        None => RunStatus::Completed,
    };
    if last.is_none() {
        run.finished_at = Some(app.store.now());
    }
    let chunk = (event.id, event.sequence);
    app.store.advance_run(cx, &run, last, chunk).await.settled()
}
