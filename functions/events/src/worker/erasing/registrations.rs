//! A person's registrations.

use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::id::EventId;
use shared::personal::Erasure;

use super::{in_time, looking_again};
use crate::model::{Event, Place, Registration, RegistrationStatus, Status};
use crate::store::erasing::forget_scanned;
use crate::store::{HEIRS, Store, erase, trace, untrace};

/// How many scans are read at once, and how many change in one portion.
const SCANS_READ: u32 = 1000;
const SCANS_CHANGED: usize = 80;

pub(super) async fn all(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
) -> Result<(), CommitError> {
    let user = erasure.user();
    let mut after = None;
    loop {
        let found = store.registrations_of(user, 100, after).await?;
        for registration in &found.items {
            let event = registration.event_id;
            scans(store, cx, erasure, event).await?;
            looking_again(erasure, async |erasure| end(store, erasure, event).await).await?;
        }
        after = found.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Ends one registration, as it stands now.
async fn end(store: &Store, erasure: &mut Erasure<'_>, event: EventId) -> Result<(), CommitError> {
    const WHAT: &str = "registrations";
    let read = Box::pin(futures::future::try_join(
        store.hall(event, HEIRS),
        store.registration(event, erasure.user()),
    ));
    // The index may be behind; this is not.
    let (hall, Some(was)) = read.await? else {
        return Ok(());
    };
    let Some(hall) = hall.filter(|_| was.status != RegistrationStatus::Cancelled) else {
        return erasure
            .portion(WHAT, 1, |commit| {
                erase(commit, &was);
                retrace(commit, &was);
            })
            .await;
    };
    if counts_on(&was, &hall.event, store.now()) {
        return erasure
            .portion(WHAT, 1, |commit| {
                erase(commit, &was);
                commit.create(&was.anonymous(commit.now()));
                retrace(commit, &was);
            })
            .await;
    }
    let heirs = store.heirs_of(&hall, &was).await?;
    erasure
        .portion(WHAT, 1, |commit| {
            hall.leave(commit, &was, &heirs, |seats| seats.erase(&was));
            retrace(commit, &was);
        })
        .await
}

/// What led here from others does no more; and as a scan may be on its way, the
/// second look goes to the door again.
fn retrace(commit: &mut Commit, was: &Registration) {
    let event_id = was.event_id;
    for user_id in &was.offered_to {
        let place = Place::Registration {
            event_id,
            holder: was.user_id,
        };
        untrace(commit, *user_id, place);
    }
    trace(commit, was.user_id, Place::Door { event_id });
}

/// Whether the organiser's record needs it: the person came, or had a place
/// until it was over.
fn counts_on(was: &Registration, event: &Event, now: jiff::Timestamp) -> bool {
    let over = event.status == Status::Completed || event.details.ends_at <= now;
    match was.status {
        RegistrationStatus::CheckedIn => event.status != Status::Cancelled,
        RegistrationStatus::Confirmed => over && event.status != Status::Cancelled,
        _ => false,
    }
}

/// The scans of an event that name the person, on either side of the door.
pub(super) async fn scans(
    store: &Store,
    cx: &Context,
    erasure: &mut Erasure<'_>,
    event: EventId,
) -> Result<(), CommitError> {
    let user = erasure.user();
    let mut after = None;
    loop {
        in_time(cx)?;
        let mut found = store.scans(event, SCANS_READ, after).await?;
        let theirs = |scan: &_| names(scan, user);
        found.items.retain(theirs);
        for part in found.items.chunks(SCANS_CHANGED) {
            erasure
                .portion("scans", part.len(), |commit| {
                    for scan in part {
                        forget_scanned(commit, scan, user);
                    }
                })
                .await?;
        }
        after = found.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn names(scan: &crate::model::Scan, user: shared::id::UserId) -> bool {
    scan.told_by == user || scan.user_id == Some(user)
}
