//! What the group does with all that it keeps of a person (SC-11, XC-03).

use jiff::Timestamp;
use serde::Serialize;
use shared::cx::Context;
use shared::event::Event;
use shared::event::operations::UserDeleted;
use shared::id::{EventId, RegistrationId};
use shared::objects::Objects;
use shared::personal::{Erasure, Export};
use shared::worker::WorkerError;

use crate::App;
use crate::model::profile::Profile;
use crate::store::items::{Answered, Attendance, Saved};

const GROUP: &str = "matchmaking";

/// An account is gone.
pub(super) async fn erase(app: &App, event: &Event, cx: &Context) -> Result<(), WorkerError> {
    let deleted: UserDeleted = event.data()?;
    let table = app.store.table();
    match Erasure::begin(table, cx, GROUP, &deleted, event.time).await? {
        Some(erasure) => Ok(app.store.erase(erasure).await?),
        None => Ok(()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfilePart<'a> {
    #[serde(flatten)]
    profile: &'a Profile,
    updated_at: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SavedPart<'a> {
    event_id: EventId,
    title: &'a str,
    tags: &'a [String],
    at: Timestamp,
}

impl<'a> From<&'a Saved> for SavedPart<'a> {
    fn from(saved: &'a Saved) -> Self {
        Self {
            event_id: saved.event_id,
            title: &saved.title,
            tags: &saved.tags,
            at: saved.at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredPart<'a> {
    event_id: EventId,
    answers: &'a [String],
    at: Timestamp,
}

impl<'a> From<&'a Answered> for AnsweredPart<'a> {
    fn from(answered: &'a Answered) -> Self {
        Self {
            event_id: answered.event_id,
            answers: &answered.answers,
            at: answered.at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttendancePart {
    event_id: EventId,
    registration_id: RegistrationId,
    attending: bool,
    starts_at: Timestamp,
    at: Timestamp,
}

impl From<&Attendance> for AttendancePart {
    fn from(attendance: &Attendance) -> Self {
        Self {
            event_id: attendance.event_id,
            registration_id: attendance.registration_id,
            attending: attendance.attending,
            starts_at: attendance.starts_at,
            at: attendance.at,
        }
    }
}

/// A person wants what is kept of them. The vector and the badges are reckoned
/// from it, and matches are kept for minutes; what they would say is in it.
pub(super) async fn export(
    app: &App,
    exports: &dyn Objects,
    event: &Event,
    cx: &Context,
) -> Result<(), WorkerError> {
    let mut export = Export::begin(GROUP, event)?;
    let person = app.store.person(export.user()).await?;
    let member = &person.member;
    let profile = member.profile.as_ref().map(|profile| ProfilePart {
        profile,
        updated_at: member.updated_at,
    });
    export.one("name", member.name.as_deref())?;
    export.one("profile", profile)?;
    let (saved, answered, attended) = person.entries();
    let saved = saved.iter().filter(|saved| saved.saved);
    export.list("savedEvents", saved.map(SavedPart::from))?;
    let answered = answered.iter().filter(|a| !a.answers.is_empty());
    export.list("answers", answered.map(AnsweredPart::from))?;
    export.list("attendances", attended.iter().map(AttendancePart::from))?;
    export.finish(exports, app.store.table(), cx, event).await
}
