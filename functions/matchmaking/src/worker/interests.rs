//! What people save, and the answers that they share: their interests.

use shared::cx::Context;
use shared::event::Event;
use shared::event::attendees::AnswersShared;
use shared::event::events::{EventSaved, EventUnsaved};
use shared::worker::WorkerError;

use super::change;
use crate::App;
use crate::store::items::{Answered, Saved};
use crate::store::person::Change;

pub(super) async fn saved(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let data: EventSaved = event.data()?;
    interest(app, event, cx, true, data).await
}

pub(super) async fn unsaved(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let EventUnsaved {
        event_id,
        user_id,
        title,
        tags,
    } = event.data()?;
    interest(
        app,
        event,
        cx,
        false,
        EventSaved {
            event_id,
            user_id,
            title,
            tags,
        },
    )
    .await
}

/// MM-09: what a person saves or drops changes their interests, and with them
/// the vector and every badge.
async fn interest(
    app: &App,
    event: &Event,
    cx: &Context,
    saved: bool,
    data: EventSaved,
) -> Result<(), WorkerError> {
    change(app, cx, data.user_id, |person| {
        let stored = person.saved(data.event_id);
        if stored.is_some_and(|stored| stored.sequence >= event.sequence) {
            return None;
        }
        Some(Change::Saved(Saved {
            user_id: data.user_id,
            event_id: data.event_id,
            sequence: event.sequence,
            saved,
            title: data.title.clone(),
            tags: data.tags.clone(),
            at: event.time,
        }))
    })
    .await
}

/// B3-10: the answers that a person lets the matching use at an event; none
/// where the consent or the registration ended.
pub(super) async fn answered(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let data: AnswersShared = event.data()?;
    change(app, cx, data.user_id, |person| {
        let stored = person.answered(data.event_id);
        if stored.is_some_and(|stored| stored.sequence >= event.sequence) {
            return None;
        }
        Some(Change::Answered(Answered {
            user_id: data.user_id,
            event_id: data.event_id,
            sequence: event.sequence,
            answers: data.answers.clone(),
            starts_at: data.starts_at,
            at: event.time,
        }))
    })
    .await
}
