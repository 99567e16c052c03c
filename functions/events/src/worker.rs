//! What the group does with events, and what its schedule does.
//!
//! Everything here may come twice, late and in another order: each step looks
//! at the state, does what is left to do, and commits under conditions.

mod closing;
mod connecting;
mod erasing;
mod exporting;
mod following;
mod gone;
mod jobs;
mod places;
mod telling;
mod welcome;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::commit::Settled;
use shared::cx::Context;
use shared::event::auth::{
    OrganizationCreated, OrganizationDeleted, OrganizationUpdated, UserRegistered,
};
use shared::event::events::{AdmissionUpdated, EventCancelled, EventUpdated, VenueUpdated};
use shared::event::operations::{UserDeleted, UserExportRequested};
use shared::event::users::{ConnectionAccepted, ConnectionRemoved, UserProfileUpdated};
use shared::event::{Contract, Event as Envelope};
use shared::id::OrganizationId;
use shared::objects::Objects;
use shared::worker::{WorkerError, run_batch};

use crate::model::{Job, Organization};
use crate::store::Store;

pub use closing::complete_past;
use connecting::connect;
use exporting::export;
pub use jobs::go_on;
use jobs::run;
pub use places::end_offers;
pub use telling::tell_due;
use welcome::{learn_interests, welcome};

/// How long one message may take; below the function's time-out.
const PATIENCE: Duration = Duration::from_secs(25);

/// Handles a batch of messages. What a person exports of themselves goes into
/// `exports`.
pub async fn handle(store: &Store, exports: &dyn Objects, batch: SqsEvent) -> SqsBatchResponse {
    run_batch(batch, PATIENCE, |event, cx| async move {
        dispatch(store, exports, &event, &cx).await
    })
    .await
}

async fn dispatch(
    store: &Store,
    exports: &dyn Objects,
    event: &Envelope,
    cx: &Context,
) -> Result<(), WorkerError> {
    match event.kind.as_str() {
        OrganizationCreated::TYPE => {
            let data: OrganizationCreated = event.data()?;
            know(
                store,
                event,
                cx,
                data.organization_id,
                data.event_approval,
                false,
            )
            .await
        }
        OrganizationUpdated::TYPE => {
            let data: OrganizationUpdated = event.data()?;
            know(
                store,
                event,
                cx,
                data.organization_id,
                data.event_approval,
                false,
            )
            .await
        }
        OrganizationDeleted::TYPE => {
            let data: OrganizationDeleted = event.data()?;
            know(store, event, cx, data.organization_id, true, true).await?;
            let organization_id = data.organization_id;
            run(store, cx, Job::Close { organization_id }).await
        }
        EventCancelled::TYPE => {
            let data: EventCancelled = event.data()?;
            let reason = data
                .reason
                .unwrap_or_else(|| "The event was cancelled.".to_owned());
            let event_id = data.event.event_id;
            let sessions = Job::CancelSessions {
                event_id,
                reason: reason.clone(),
            };
            run(store, cx, sessions).await?;
            run(store, cx, Job::EndRegistrations { event_id, reason }).await
        }
        EventUpdated::TYPE => {
            let data: EventUpdated = event.data()?;
            let event_id = data.event.event_id;
            run(store, cx, Job::GiveOut { event_id }).await
        }
        AdmissionUpdated::TYPE => {
            let data: AdmissionUpdated = event.data()?;
            let event_id = data.event_id;
            run(store, cx, Job::GiveOut { event_id }).await
        }
        UserRegistered::TYPE => {
            let data: UserRegistered = event.data()?;
            welcome(store, event, cx, data.user_id).await
        }
        UserDeleted::TYPE => {
            let data: UserDeleted = event.data()?;
            let erase = Job::Erase {
                user_id: data.user_id,
                operation_id: data.operation_id,
            };
            run(store, cx, erase).await
        }
        UserExportRequested::TYPE => Box::pin(export(store, exports, event, cx)).await,
        UserProfileUpdated::TYPE => {
            let data: UserProfileUpdated = event.data()?;
            learn_interests(store, event, cx, &data).await
        }
        ConnectionAccepted::TYPE => {
            let data: ConnectionAccepted = event.data()?;
            connect(store, event, cx, data.users, true).await
        }
        ConnectionRemoved::TYPE => {
            let data: ConnectionRemoved = event.data()?;
            connect(store, event, cx, data.users, false).await
        }
        VenueUpdated::TYPE => {
            let data: VenueUpdated = event.data()?;
            let venue_id = data.venue_id;
            run(store, cx, Job::FollowVenue { venue_id }).await
        }
        // A filter policy that changed takes minutes to hold.
        _ => Ok(()),
    }
}

async fn know(
    store: &Store,
    event: &Envelope,
    cx: &Context,
    id: OrganizationId,
    event_approval: bool,
    deleted: bool,
) -> Result<(), WorkerError> {
    let mut commit = store.commit(cx);
    commit.project(
        &Organization {
            id,
            event_approval,
            deleted,
        },
        event.sequence,
    );
    commit.execute().await.settled()
}
