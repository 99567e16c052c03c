//! Doing long jobs piece by piece: a message does as much as its time allows,
//! and the schedule goes on with the rest until nothing is left.

use std::time::{Duration, Instant};

use shared::commit::{CommitError, Settled};
use shared::cx::Context;
use shared::event::operations::UserDeleted;
use shared::worker::WorkerError;

use super::closing::{close, end_registrations, forget_history};
use super::erasing::erase;
use super::following::{cancel_sessions, follow_venue};
use super::places::give_out_places;
use crate::model::{Job, KeptJob, Progress};
use crate::store::{Store, jobs};

/// How long a job may take of a message: what one batch has, it must share.
const OF_A_MESSAGE: Duration = Duration::from_secs(6);
/// The least time that a job gets in a run of the schedule.
const A_TURN: Duration = Duration::from_secs(5);

/// What became of a job: done, or where to go on.
pub(super) type Left = Option<Progress>;

/// Whether so little time is left that the next run goes on.
pub(super) fn late(cx: &Context) -> bool {
    cx.remaining() < Duration::from_secs(3)
}

/// Does a job, or as much of it as time allows.
pub(super) async fn run(store: &Store, cx: &Context, job: Job) -> Result<(), WorkerError> {
    let mut begun = KeptJob::new(job, store.now(), &cx.correlation_id);
    if let Some(kept) = store.kept_job(&begun.job).await? {
        begun.version = kept.version;
        if begun.job.goes_on() {
            begun.progress = kept.progress;
        }
    }
    let mut cx = cx.clone();
    cx.deadline = cx.deadline.min(Instant::now() + OF_A_MESSAGE);
    work(store, &cx, begun).await
}

/// Goes on with the jobs that are left, each in its turn; the schedule calls it.
/// Gives how many had a turn.
///
/// # Errors
/// The store's; the next run goes on.
pub async fn go_on(store: &Store, cx: &Context) -> Result<usize, WorkerError> {
    let due = store.jobs().await?;
    let mut turns = 0;
    for (i, job) in due.iter().enumerate() {
        if late(cx) {
            break;
        }
        let Some(kept) = store.kept_job(job).await? else {
            continue;
        };
        let others = u32::try_from(due.len() - i).unwrap_or(1);
        let turn = (cx.remaining() / others).max(A_TURN).min(cx.remaining());
        let mut cx = cx.clone();
        cx.correlation_id.clone_from(&kept.correlation_id);
        cx.deadline = Instant::now() + turn;
        // One that cannot be done now must not keep the others from it.
        if let Err(error) = work(store, &cx, kept).await {
            tracing::error!(job = ?job, %error, "a job did not get on");
        }
        turns += 1;
    }
    Ok(turns)
}

async fn work(store: &Store, cx: &Context, kept: KeptJob) -> Result<(), WorkerError> {
    let at = kept.progress.position();
    let left = match &kept.job {
        Job::CancelSessions { event_id, reason } => {
            cancel_sessions(store, cx, *event_id, reason, at).await?
        }
        Job::EndRegistrations { event_id, reason } => {
            end_registrations(store, cx, *event_id, reason, at).await?
        }
        Job::GiveOut { event_id } => give_out_places(store, cx, *event_id).await?,
        Job::Close { organization_id } => close(store, cx, *organization_id).await?,
        Job::Erase {
            user_id,
            operation_id,
        } => {
            let deleted = UserDeleted {
                user_id: *user_id,
                operation_id: *operation_id,
            };
            // Boxed: what it goes through is deep.
            Box::pin(erase(store, cx, &deleted)).await?
        }
        Job::ForgetHistory { event_id } => forget_history(store, cx, *event_id).await?,
        Job::FollowVenue { venue_id } => follow_venue(store, cx, *venue_id, at).await?,
    };
    let mut commit = store.commit(cx);
    match left {
        None if kept.version == 0 => return Ok(()),
        None => jobs::done(&mut commit, &kept),
        Some(progress) => {
            let touched_at = commit.now();
            let left = KeptJob {
                progress,
                touched_at,
                ..kept.clone()
            };
            jobs::keep(&mut commit, &left);
        }
    }
    match commit.execute().await {
        // Somebody else is at it: what goes on by itself is theirs now.
        Err(CommitError::Condition(_)) if kept.job.goes_on() => Ok(()),
        Err(err @ CommitError::Condition(_)) => Err(WorkerError::transient(err)),
        result => result.settled(),
    }
}
