//! `POST`, `DELETE /v1/events/{id}/registrations/me/transfer`

use axum::extract::State;
use jiff::SignedDuration;
use serde::Deserialize;
use shared::commit::Commit;
use shared::cx::Context;
use shared::digest::base64url;
use shared::event::events::RegistrationTransferOffered;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::Principal;
use shared::problem::{CONFLICT, Problem};
use shared::sealer::Purpose;
use utoipa::ToSchema;

use super::super::view::RegistrationView;
use super::super::{App, TAG, over};
use crate::keyring::unavailable;
use crate::model::{Event, Place, Registration, RegistrationStatus, Transfer, address};
use crate::problems::REGISTRATION_CLOSED;
use crate::store::{Sender, letter, must_have_account, trace};

/// How long a hand-over stands open.
const OPEN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often a registration can be offered to others, by whoever has it: each
/// time somebody gets a letter.
const MOST: u32 = 5;

/// To whom to hand over: a user, or whoever reads the mail of an address.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HandOver {
    /// The user.
    #[serde(default)]
    user_id: Option<UserId>,
    /// The e-mail address.
    #[serde(default)]
    #[schema(format = Email, max_length = 254)]
    email: Option<String>,
}

/// Offers the caller's registration to somebody else.
///
/// The other person is told, and takes it over or not; until then nothing
/// changes. An address gets a letter with a code that works once. A second
/// hand-over replaces the first.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/registrations/me/transfer",
    tag = TAG,
    operation_id = "transferRegistration",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = HandOver,
    responses(
        (status = 202, description = "The registration, until somebody takes it over.", body = RegistrationView),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`conflict`, `registration-closed`"),
        (status = 429, description = "`quota-exceeded`: too many letters, or too soon after another"),
    ),
    security(("bearer" = []))
)]
pub async fn offer_transfer(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(body): Json<HandOver>,
) -> Result<Reply, Problem> {
    let to = recipient(body, principal.user_id)?;
    let (event, counts, before) = app.store.with_registration(id, principal.user_id).await?;
    let before = before.ok_or_else(|| Problem::not_found("The registration"))?;
    let now = app.store.now();
    if !counts.open || over(&event, now) {
        return Err(Problem::new(&REGISTRATION_CLOSED));
    }
    if before.status != RegistrationStatus::Confirmed {
        let status = before.status.name();
        return Err(Problem::new(&CONFLICT).detail(format!("Your registration is {status}.")));
    }
    let mut commit = app.store.commit(&cx);
    let sender = Sender::Person(principal.user_id);
    let offered = offer(&app, &mut commit, &event, before, to, sender).await?;
    commit.replace(&offered);
    commit
        .finish(Reply::accepted(&RegistrationView::new(&offered))?)
        .await
}

fn recipient(body: HandOver, own: UserId) -> Result<Recipient, Problem> {
    match (body.user_id, body.email) {
        (Some(user), None) if user == own => {
            Err(Problem::invalid("/userId", "invalid", "is yourself"))
        }
        (Some(user), None) => Ok(Recipient::User(user)),
        (None, Some(email)) => address(&email)
            .map(Recipient::Address)
            .ok_or_else(|| Problem::invalid("/email", "malformed", "is not an e-mail address")),
        _ => Err(Problem::invalid(
            "",
            "ambiguous",
            "give userId or email, one of them",
        )),
    }
}

/// Who is to take a registration over.
#[derive(Debug, Clone)]
pub(super) enum Recipient {
    /// A user, who is told in the inbox.
    User(UserId),
    /// Whoever has the code that goes to this address.
    Address(String),
}

/// The registration while it is being handed over; publishes what tells the
/// recipient. The letter is on `sender`'s account, to a user as to an address.
pub(super) async fn offer(
    app: &App,
    commit: &mut Commit,
    event: &Event,
    before: Registration,
    to: Recipient,
    sender: Sender,
) -> Result<Registration, Problem> {
    if before.transfers >= MOST {
        let detail = format!("A registration can be offered to others {MOST} times at most.");
        return Err(Problem::new(&CONFLICT).detail(detail));
    }
    let now = commit.now();
    let open = if before.guest.is_some() {
        event.details.ends_at
    } else {
        event.details.ends_at.min(now + OPEN)
    };
    let mut transfer = Transfer {
        to_user: None,
        code_hash: None,
        expires_at: open,
    };
    let mut told = RegistrationTransferOffered {
        registration_id: before.id,
        event_id: event.id,
        from_user: before.guest.is_none().then_some(before.user_id),
        to_user: None,
        email: None,
        sealed_token: None,
        title: event.details.title.clone(),
        starts_at: event.details.starts_at,
        time_zone: event.details.time_zone.clone(),
        expires_at: open,
        calendar: (before.guest.is_some() && before.status.may_enter())
            .then(|| event.calendar(false)),
    };
    match to {
        Recipient::User(user) => {
            letter(commit, sender, &user.to_string());
            must_have_account(commit, user);
            let place = Place::Registration {
                event_id: event.id,
                holder: before.user_id,
            };
            trace(commit, user, place);
            transfer.to_user = Some(user);
            told.to_user = Some(user);
        }
        Recipient::Address(email) => {
            let (code, hash) = Transfer::code(before.id, before.user_id)
                .map_err(|_| Problem::internal("no random bytes"))?;
            letter(commit, sender, &email);
            let sealed = app.sealer.seal(Purpose::Mail, code.as_bytes()).await;
            told.sealed_token = Some(base64url(sealed.map_err(unavailable)?));
            told.email = Some(email);
            transfer.code_hash = Some(hash);
        }
    }
    commit.publish(&told, before.version + 1);
    let mut offered_to = before.offered_to.clone();
    offered_to.extend(transfer.to_user.filter(|user| !offered_to.contains(user)));
    Ok(Registration {
        transfers: before.transfers + 1,
        offered_to,
        transfer: Some(transfer),
        updated_at: now,
        ..before
    })
}

/// Takes the hand-over back: nobody can take the registration over any more.
#[utoipa::path(
    delete,
    path = "/v1/events/{id}/registrations/me/transfer",
    tag = TAG,
    operation_id = "withdrawTransfer",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 204, description = "It is not being handed over."),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`version-conflict`"),
    ),
    security(("bearer" = []))
)]
pub async fn withdraw_transfer(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let before = app
        .store
        .registration(id, principal.user_id)
        .await?
        .ok_or_else(|| Problem::not_found("The registration"))?;
    if before.transfer.is_none() {
        return Ok(Reply::no_content());
    }
    let mut commit = app.store.commit(&cx);
    commit.replace(&Registration {
        transfer: None,
        updated_at: commit.now(),
        ..before
    });
    commit.finish(Reply::no_content()).await
}
