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

use super::super::looks::looking_again;
use super::super::view::RegistrationView;
use super::super::{App, TAG, over};
use super::register::{Wish, fate, free, no_place, place, registration};
use super::transfer::{Recipient, offer};
use crate::model::{Answers, Fate, Guest, Registration, RegistrationStatus, address};
use crate::problems::REGISTRATION_CLOSED;
use crate::store::{HEIRS, Sender, letter, must_have_account};

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
    /// There was one already, of the same type and size, or one that was claimed.
    Unchanged,
}

/// Registers somebody, for the event's organisers.
///
/// The sale window of the ticket type does not matter, its places do. Who has
/// an account has the place at once, and is seen by other attendees only once
/// they accepted it by `…/registrations/me/accept`. Who has
/// no account yet is registered by address and claims the registration with
/// the code of the letter. Who waits for a place gets it out of turn, if there
/// is one. Doing it again is harmless. A person is written to at most once a
/// minute, and a day has room for 100 letters of a personal event's author and
/// 10,000 of an organisation.
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
        (status = 429, description = "`quota-exceeded`: too many letters"),
        (status = 503, description = "`crowded`"),
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
    looking_again(&cx, || async {
        let enrolled = enrol(&app, &cx, id, &new, &[]).await?;
        let view = RegistrationView::new(&enrolled.registration);
        let reply = if enrolled.added == Added::Unchanged {
            Reply::ok(&view)?
        } else {
            let location = format!("/v1/events/{id}/registrations");
            Reply::created(&view, &location)?
        };
        enrolled.commit.finish(reply).await
    })
    .await
}

/// An addition that is ready to be committed.
pub(super) struct Enrolled {
    pub(super) added: Added,
    pub(super) registration: Registration,
    pub(super) commit: Commit,
}

/// Prepares the registration of one person. `supposed` is what a dry run would
/// have made before.
pub(super) async fn enrol(
    app: &App,
    cx: &Context,
    id: EventId,
    new: &NewAttendee,
    supposed: &[Registration],
) -> Result<Enrolled, Problem> {
    let (user_id, guest) = person(id, new)?;
    let (mut hall, before) = app.store.entrance(id, user_id).await?;
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
    let before = supposed
        .iter()
        .find(|made| made.user_id == user_id)
        .cloned()
        .or(before);
    for made in supposed {
        hall.counts.take(&made.ticket_type, made.quantity);
    }
    let mut commit = app.store.commit(cx);
    let done = |added, registration, commit| Enrolled {
        added,
        registration,
        commit,
    };
    if let Some(claimed) = claimed(app, before.as_ref()).await? {
        return Ok(done(Added::Unchanged, claimed, commit));
    }
    let standing = |before: &&Registration| {
        before.status != RegistrationStatus::Cancelled
            && (&before.ticket_type, before.quantity) == (&kind, wish.quantity)
    };
    let standing = before.as_ref().filter(standing);
    if let Some(waits) = standing.filter(|it| it.status == RegistrationStatus::Waitlisted) {
        let admitted = let_in(app, &mut commit, id, waits).await?;
        return Ok(done(Added::Registered, admitted, commit));
    }
    if let Some(standing) = standing {
        return Ok(done(Added::Unchanged, standing.clone(), commit));
    }
    free(before.as_ref())?;
    if !hall.counts.open || over(&hall.event, commit.now()) {
        return Err(Problem::new(&REGISTRATION_CLOSED));
    }
    fate(&hall, &kind, &wish)?;
    let made = Registration {
        user_id,
        guest: guest.clone(),
        // A guest who claims it wants it.
        accepted: guest.is_some(),
        ..registration(&hall, before.as_ref(), &kind, &wish, commit.now())
    };
    let sender = Sender::of(&hall.event);
    let made = match guest {
        None => {
            letter(&mut commit, sender, &user_id.to_string());
            must_have_account(&mut commit, user_id);
            made
        }
        Some(guest) => {
            let to = Recipient::Address(guest.email);
            offer(app, &mut commit, &hall.event, made, to, sender).await?
        }
    };
    place(&hall, &mut commit, &made, Fate::Place);
    Ok(done(Added::Registered, made, commit))
}

/// The registration of whoever claimed what a guest was given, while it stands.
async fn claimed(
    app: &App,
    before: Option<&Registration>,
) -> Result<Option<Registration>, Problem> {
    let Some((before, user)) = before.and_then(|before| Some((before, before.handed_to?))) else {
        return Ok(None);
    };
    if before.guest.is_none() {
        return Ok(None);
    }
    let theirs = app.store.registration(before.event_id, user).await?;
    Ok(theirs.filter(|theirs| theirs.status != RegistrationStatus::Cancelled))
}

/// Gives somebody who waits a place out of turn, if there is one.
async fn let_in(
    app: &App,
    commit: &mut Commit,
    id: EventId,
    who: &Registration,
) -> Result<Registration, Problem> {
    let hall = app.store.hall(id, HEIRS).await?;
    let hall = hall.ok_or_else(|| Problem::not_found("The event"))?;
    if !hall.counts.open || over(&hall.event, commit.now()) {
        return Err(Problem::new(&REGISTRATION_CLOSED));
    }
    let (overall, own) = hall.counts.room(&who.ticket_type);
    if overall.min(own) < who.quantity {
        return Err(no_place(&hall, &who.ticket_type, who.quantity));
    }
    app.store.let_in(commit, &hall, who).await?;
    Ok(who.turned(RegistrationStatus::Confirmed, commit.now()))
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
