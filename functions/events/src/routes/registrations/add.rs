//! `POST /v1/events/{id}/attendees`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::commit::Commit;
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::view::RegistrationView;
use super::super::{App, TAG, over};
use super::register::{Wish, fate, free, place, registration};
use super::transfer::{Recipient, offer};
use crate::model::{Answers, Fate, Guest, Registration, RegistrationStatus, address};
use crate::problems::{EVENT_FULL, REGISTRATION_CLOSED};
use crate::store::full;

/// How often a request looks again when others take the places it saw.
const LOOKS: usize = 4;

/// Whom the organiser registers.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewAttendee {
    /// A user.
    #[serde(default)]
    pub(super) user_id: Option<UserId>,
    /// Or an address, which gets a letter with a code to claim the registration.
    #[serde(default)]
    #[schema(format = Email, max_length = 254)]
    pub(super) email: Option<String>,
    /// The name that goes with the address.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub(super) name: Option<String>,
    /// The ticket type; may be left out where there is but one.
    #[serde(default)]
    pub(super) ticket_type: Option<String>,
    /// For how many people; 1 unless given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 20)]
    pub(super) quantity: Option<u32>,
    /// Answers by question; required ones may be missing.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub(super) answers: Answers,
}

/// What became of an addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Added {
    /// There is a new registration, or there would be.
    Registered,
    /// There was one already, of the same type and size.
    Unchanged,
}

/// Registers somebody, for the event's organisers.
///
/// The sale window of the ticket type does not matter, its places do. Who has
/// no account yet is registered by address and claims the registration with
/// the code of the letter. Doing it again is harmless.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/attendees",
    tag = TAG,
    operation_id = "addAttendee",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = NewAttendee,
    responses(
        (status = 200, description = "The person was registered like this already.", body = RegistrationView),
        (status = 201, description = "The registration.", body = RegistrationView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`event-full`, `registration-closed`, `already-registered`"),
    ),
    security(("bearer" = []))
)]
pub async fn add_attendee(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(new): Json<NewAttendee>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventEdit).await?;
    let mut last = full();
    for _ in 0..LOOKS {
        let enrolled = enrol(&app, &cx, id, &new).await?;
        let view = RegistrationView::new(&enrolled.registration);
        let reply = if enrolled.added == Added::Unchanged {
            Reply::ok(&view)?
        } else {
            let location = format!("/v1/events/{id}/registrations");
            Reply::created(&view, &location)?
        };
        match enrolled.commit.finish(reply).await {
            Err(problem) if problem.kind() == &EVENT_FULL => last = problem,
            result => return result,
        }
    }
    Err(last)
}

/// An addition that is ready to be committed.
pub(super) struct Enrolled {
    pub(super) added: Added,
    pub(super) registration: Registration,
    pub(super) commit: Commit,
}

/// Prepares the registration of one person.
pub(super) async fn enrol(
    app: &App,
    cx: &Context,
    id: EventId,
    new: &NewAttendee,
) -> Result<Enrolled, Problem> {
    let (user_id, guest) = person(id, new)?;
    let (hall, before) = app.store.entrance(id, user_id).await?;
    let kind = hall.admission.wanted(new.ticket_type.as_deref())?;
    let wish = Wish {
        ticket_type: None,
        quantity: new.quantity.unwrap_or(1),
        answers: new.answers.clone(),
        waitlist: false,
        ..Wish::default()
    };
    hall.admission.sized_for_organiser(wish.quantity)?;
    hall.admission.answered_in_part(&kind, &wish.answers)?;
    let mut commit = app.store.commit(cx);
    let same = |before: &&Registration| {
        before.handed_to.is_some() && before.guest.is_some()
            || before.status != RegistrationStatus::Cancelled
                && (&before.ticket_type, before.quantity) == (&kind, wish.quantity)
    };
    if let Some(before) = before.as_ref().filter(same) {
        return Ok(Enrolled {
            added: Added::Unchanged,
            registration: before.clone(),
            commit,
        });
    }
    free(before.as_ref())?;
    if !hall.counts.open || over(&hall.event, commit.now()) {
        return Err(Problem::new(&REGISTRATION_CLOSED));
    }
    fate(&hall, &kind, &wish)?;
    let made = Registration {
        user_id,
        guest: guest.clone(),
        ..registration(&hall, before.as_ref(), &kind, &wish, commit.now())
    };
    let made = match guest {
        None => made,
        Some(guest) => {
            let to = Recipient::Address(guest.email);
            offer(app, &mut commit, &hall.event, made, to).await?
        }
    };
    place(&hall, &mut commit, &made, Fate::Place);
    Ok(Enrolled {
        added: Added::Registered,
        registration: made,
        commit,
    })
}

fn person(event: EventId, new: &NewAttendee) -> Result<(UserId, Option<Guest>), Problem> {
    match (new.user_id, &new.email) {
        (Some(user), None) => Ok((user, None)),
        (None, Some(email)) => {
            let email = address(email).ok_or_else(|| {
                Problem::invalid("/email", "malformed", "is not an e-mail address")
            })?;
            let name = new
                .name
                .as_deref()
                .map(str::trim)
                .filter(|name| !name.is_empty());
            if name.is_some_and(|name| name.chars().count() > 200) {
                let detail = "must have at most 200 characters";
                return Err(Problem::invalid("/name", "length", detail));
            }
            let user = Guest::stand_in(event, &email);
            let name = name.map(str::to_owned);
            Ok((user, Some(Guest { name, email })))
        }
        _ => Err(Problem::invalid(
            "",
            "ambiguous",
            "give userId or email, one of them",
        )),
    }
}
