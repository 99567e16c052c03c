//! `POST /v1/events/{id}/check-ins/undo`

use axum::extract::State;
use serde::Deserialize;
use shared::commit::Commit;
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::{CONFLICT, Problem};
use utoipa::ToSchema;

use super::super::looks::looking_again;
use super::super::view::RegistrationView;
use super::super::{App, TAG};
use super::list;
use crate::model::{
    Admission, CheckInList, Direction, Place, Presence, Registration, RegistrationStatus, Scan,
    Verdict,
};
use crate::store::{Seats, moved, trace};

/// Whose check-in to take back, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Undo {
    /// The person.
    user_id: UserId,
    /// Which of the registration's places; 1 unless given.
    #[serde(default = "first")]
    #[schema(minimum = 1, maximum = 20)]
    number: u8,
    /// The check-in list; the first unless given.
    #[serde(default)]
    list: Option<String>,
    /// Why, for whoever reads the scans.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

fn first() -> u8 {
    1
}

/// Takes a check-in back: a wrong person was marked.
///
/// On one list, for one place. The ticket admits again; a registration of which
/// nobody came is `confirmed` as before. It stands among the scans, with the
/// reason and with who did it. Needs the right `event.checkin`.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/check-ins/undo",
    tag = TAG,
    operation_id = "undoCheckIn",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = Undo,
    responses(
        (status = 200, description = "The registration now.", body = RegistrationView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`conflict`: there is no such check-in"),
        (status = 503, description = "`crowded`"),
    ),
    security(("bearer" = []))
)]
pub async fn undo_check_in(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(body): Json<Undo>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventCheckIn)
        .await?;
    let reason = body.reason.trim();
    if !(1..=500).contains(&reason.chars().count()) {
        let detail = "must have 1 to 500 characters";
        return Err(Problem::invalid("/reason", "length", detail));
    }
    let admission = app.store.admission(id).await?;
    let list = list(&admission, body.list.as_deref())?;
    looking_again(&cx, || {
        attempt(&app, &cx, principal.user_id, id, &admission, &list, &body)
    })
    .await
}

async fn attempt(
    app: &App,
    cx: &Context,
    actor: UserId,
    id: EventId,
    admission: &Admission,
    list: &CheckInList,
    body: &Undo,
) -> Result<Reply, Problem> {
    let (event, counts, registration) = app.store.with_registration(id, body.user_id).await?;
    let registration = registration.ok_or_else(|| Problem::not_found("The registration"))?;
    let before = app
        .store
        .presence(id, &list.id, registration.id, body.number)
        .await?;
    if before.entries == 0 {
        return Err(Problem::new(&CONFLICT).detail("Nobody was checked in by this place there."));
    }
    let mut commit = app.store.commit(cx);
    let scan = undone(&commit, actor, list, &registration, body);
    trace(&mut commit, actor, Place::Door { event_id: id });
    app.store
        .pass(&mut commit, &scan, &before, &before.undone());
    let came = others(app, admission, &registration, &before).await?;
    let next = if registration.status == RegistrationStatus::CheckedIn && !came {
        let next = Registration {
            checked_in_at: None,
            ..registration.turned(RegistrationStatus::Confirmed, commit.now())
        };
        let reason = body.reason.trim().to_owned();
        Seats::of(&event, &counts, &mut commit).undo_check_in(&next, reason);
        next
    } else {
        // A new version all the same: what is seen of the other places holds.
        commit.replace(&registration).or(moved());
        registration
    };
    let view = RegistrationView::new(&next).for_the_door();
    commit.finish(Reply::ok(&view)?).await
}

/// Whether another place of the registration came, or this one by another list.
async fn others(
    app: &App,
    admission: &Admission,
    registration: &Registration,
    this: &Presence,
) -> Result<bool, Problem> {
    let lists = CheckInList::ids_of(admission);
    let came = app
        .store
        .came(
            this.event_id,
            &lists,
            registration.id,
            registration.quantity,
        )
        .await?;
    Ok(came
        .iter()
        .any(|one| (&one.list, one.number) != (&this.list, this.number)))
}

fn undone(
    commit: &Commit,
    actor: UserId,
    list: &CheckInList,
    registration: &Registration,
    body: &Undo,
) -> Scan {
    Scan {
        event_id: registration.event_id,
        list: list.id.clone(),
        device: "online".to_owned(),
        nonce: uuid::Uuid::now_v7().to_string(),
        user_id: Some(registration.user_id),
        registration_id: Some(registration.id),
        number: body.number,
        direction: Direction::Exit,
        at: commit.now(),
        received_at: commit.now(),
        verdict: Verdict::Undone,
        told_by: actor,
        what: None,
        reason: Some(body.reason.trim().to_owned()),
    }
}
