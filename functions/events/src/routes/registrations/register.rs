//! `POST /v1/events/{id}/registrations`

use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, RegistrationId};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::looks::looking_again;
use super::super::view::RegistrationView;
use super::super::{App, TAG, over};
use crate::model::{Answers, Fate, Registration, RegistrationStatus};
use crate::problems::{ALREADY_REGISTERED, EVENT_FULL, REGISTRATION_CLOSED};
use crate::store::{COUNTED, Guard, Hall, Seats, moved, share};

/// What one wants of an event. All of it may be left out where the event has no
/// ticket types and asks nothing.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Wish {
    /// The ticket type; may be left out where there is but one.
    pub(super) ticket_type: Option<String>,
    /// For how many people.
    #[schema(minimum = 1, maximum = 20)]
    pub(super) quantity: u32,
    /// Answers by question.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub(super) answers: Answers,
    /// Whether the answers to the questions that say so may be used to suggest
    /// people to meet there.
    pub(super) matchmaking_consent: bool,
    /// Whether connections may know that the caller goes there.
    pub(super) visible_to_connections: bool,
    /// Whether to wait if there is no place; `false` answers `event-full` then.
    pub(super) waitlist: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            ticket_type: None,
            quantity: 1,
            answers: Answers::new(),
            matchmaking_consent: false,
            visible_to_connections: false,
            waitlist: true,
        }
    }
}

/// Registers the caller.
///
/// With places (`confirmed`), or on the waitlist (`waitlisted`) when there are
/// not enough and the event keeps one. There are never more confirmed than
/// places, of the event and of the ticket type.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/registrations",
    tag = TAG,
    operation_id = "registerForEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
    ),
    request_body = Option<Wish>,
    responses(
        (status = 201, description = "The registration.", body = RegistrationView),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`event-full`, `registration-closed`, `sale-closed`, `already-registered`"),
        (status = 503, description = "`crowded`"),
    ),
    security(("bearer" = []))
)]
pub async fn register(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    wish: Option<Json<Wish>>,
) -> Result<Reply, Problem> {
    let wish = wish.map(|Json(wish)| wish).unwrap_or_default();
    looking_again(&cx, || attempt(&app, &cx, &principal, id, &wish)).await
}

async fn attempt(
    app: &App,
    cx: &Context,
    principal: &Principal,
    id: EventId,
    wish: &Wish,
) -> Result<Reply, Problem> {
    let (hall, before) = app.store.entrance(id, principal.user_id).await?;
    if !hall.event.visible_to(Some(principal)) {
        return Err(Problem::not_found("The event"));
    }
    if !hall.counts.open || over(&hall.event, app.store.now()) {
        return Err(Problem::new(&REGISTRATION_CLOSED));
    }
    free(before.as_ref())?;
    let kind = hall.admission.wanted(wish.ticket_type.as_deref())?;
    hall.admission.sized(&kind, wish.quantity)?;
    hall.admission.answered(&kind, &wish.answers)?;
    hall.admission.on_sale(&kind, app.store.now())?;
    let mut commit = app.store.commit(cx);
    let fate = fate(&hall, &kind, wish)?;
    let registration = Registration {
        user_id: principal.user_id,
        ..registration(&hall, before.as_ref(), &kind, wish, commit.now())
    };
    share(&mut commit, &hall, &registration);
    let position = match place(&hall, &mut commit, &registration, fate) {
        // Everybody waits for one place: as many people as places.
        Some(guess) if hall.admission.singles() => Some(guess),
        Some(_) => Some(app.store.ahead(id, &kind, None).await? + 1),
        None => None,
    };
    let position = position.map(|place| place.min(COUNTED as usize + 1));
    let view = RegistrationView {
        waitlist_position: position,
        ..RegistrationView::new(&placed(registration, fate, commit.now()))
    };
    let location = format!("/v1/events/{id}/registrations/me");
    commit.finish(Reply::created(&view, &location)?).await
}

/// 409 for whoever has a registration already.
pub(super) fn free(before: Option<&Registration>) -> Result<(), Problem> {
    match before.filter(|before| before.status != RegistrationStatus::Cancelled) {
        None => Ok(()),
        Some(before) => Err(Problem::new(&ALREADY_REGISTERED)
            .detail(format!("Your registration is {}.", before.status.name()))
            .with("registrationId", before.id.to_string())),
    }
}

/// What the wish comes to. What is certain to fail is refused by these plain
/// reads, without a transaction.
pub(super) fn fate(hall: &Hall, kind: &str, wish: &Wish) -> Result<Fate, Problem> {
    let counts = &hall.counts;
    if !counts.could_hold(kind, wish.quantity) {
        let detail = "There are fewer places than that, taken or not.";
        return Err(Problem::new(&EVENT_FULL).detail(detail));
    }
    let fate = hall.queues.fate(counts, kind, wish.quantity);
    if fate == Fate::Place || hall.event.details.waitlist && wish.waitlist {
        return Ok(fate);
    }
    Err(no_place(hall, kind, wish.quantity))
}

/// Why `quantity` more of `kind` cannot be had now.
pub(super) fn no_place(hall: &Hall, kind: &str, quantity: u32) -> Problem {
    let (overall, own) = hall.counts.room(kind);
    let left = overall.min(own);
    let detail = match (left, hall.counts.capacity) {
        (0, Some(places)) if overall == 0 => format!("All {places} places are taken."),
        (0, _) => "All places of this ticket type are taken.".to_owned(),
        _ if left < quantity => format!("Only {left} places are left."),
        _ => "The places that are left go to those who wait.".to_owned(),
    };
    Problem::new(&EVENT_FULL)
        .detail(detail)
        .with("available", left)
}

/// The registration that goes on from the one before, in no status yet.
pub(super) fn registration(
    hall: &Hall,
    before: Option<&Registration>,
    kind: &str,
    wish: &Wish,
    now: Timestamp,
) -> Registration {
    let user = shared::id::UserId::from_uuid(uuid::Uuid::nil());
    let fresh = Registration::new(hall.event.id, user, RegistrationStatus::Confirmed, now);
    Registration {
        id: before.map_or(fresh.id, |before| before.id),
        version: before.map_or(0, |before| before.version),
        transfers: before.map_or(0, |before| before.transfers),
        offered_to: before.map_or_else(Vec::new, |before| before.offered_to.clone()),
        ticket_type: kind.to_owned(),
        quantity: wish.quantity,
        answers: wish.answers.clone(),
        matchmaking_consent: wish.matchmaking_consent,
        visible_to_connections: wish.visible_to_connections,
        ..fresh
    }
}

fn placed(registration: Registration, fate: Fate, now: Timestamp) -> Registration {
    match fate {
        Fate::Place => registration,
        Fate::Wait => Registration {
            status: RegistrationStatus::Waitlisted,
            // A fixed width: what is later sorts later.
            waiting: Some(format!(
                "{}#{}",
                now.strftime("%Y-%m-%dT%H:%M:%S.%9fZ"),
                RegistrationId::new()
            )),
            ..registration
        },
    }
}

/// Adds the registration to the commit; the position on the waitlist, if it
/// stands there.
pub(super) fn place(
    hall: &Hall,
    commit: &mut shared::commit::Commit,
    registration: &Registration,
    fate: Fate,
) -> Option<usize> {
    let counts = &hall.counts;
    let registration = placed(registration.clone(), fate, commit.now());
    let mut seats = Seats::of(&hall.event, counts, commit);
    match fate {
        Fate::Place => {
            seats.confirm(&registration);
            seats.settle(Guard::of_place(counts), moved());
            None
        }
        Fate::Wait => {
            seats.wait(&registration);
            let (kind, quantity) = (&registration.ticket_type, registration.quantity);
            let waits = hall.queues.wait_for(counts, kind);
            let guard = Guard::of_waiting(counts, kind, quantity, waits);
            seats.settle(guard, moved());
            Some(counts.kind(kind).waiting as usize + 1)
        }
    }
}
