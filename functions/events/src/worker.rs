//! What the group does with events, and what its schedule does.
//!
//! Everything here may come twice, late and in another order: each step looks
//! at the state, does what is left to do, and commits under conditions.

mod closing;
mod connecting;
mod following;
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
use shared::event::users::{ConnectionAccepted, ConnectionRemoved, UserProfileUpdated};
use shared::event::{Contract, Event as Envelope};
use shared::id::OrganizationId;
use shared::worker::{WorkerError, run_batch};

use crate::model::Organization;
use crate::store::Store;

pub use closing::complete_past;
use closing::{close, end_registrations};
use connecting::connect;
use following::{cancel_sessions, follow_venue};
pub use places::end_offers;
use places::give_out_places;
pub use telling::tell_due;
use welcome::{learn_interests, welcome};

/// How long one message may take; below the function's time-out.
const PATIENCE: Duration = Duration::from_secs(25);

/// Handles a batch of messages.
pub async fn handle(store: &Store, batch: SqsEvent) -> SqsBatchResponse {
    run_batch(batch, PATIENCE, |event, cx| async move {
        dispatch(store, &event, &cx).await
    })
    .await
}

async fn dispatch(store: &Store, event: &Envelope, cx: &Context) -> Result<(), WorkerError> {
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
            close(store, cx, data.organization_id).await
        }
        EventCancelled::TYPE => {
            let data: EventCancelled = event.data()?;
            let reason = data
                .reason
                .unwrap_or_else(|| "The event was cancelled.".to_owned());
            cancel_sessions(store, cx, data.event.event_id, &reason).await?;
            end_registrations(store, cx, data.event.event_id, &reason).await
        }
        EventUpdated::TYPE => {
            let data: EventUpdated = event.data()?;
            give_out_places(store, cx, data.event.event_id).await
        }
        AdmissionUpdated::TYPE => {
            let data: AdmissionUpdated = event.data()?;
            give_out_places(store, cx, data.event_id).await
        }
        UserRegistered::TYPE => {
            let data: UserRegistered = event.data()?;
            welcome(store, event, cx, data.user_id).await
        }
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
            follow_venue(store, cx, data.venue_id).await
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
