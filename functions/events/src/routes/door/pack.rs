//! `GET /v1/events/{id}/check-in-pack`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{Path, Query, Reply};
use shared::id::{EventId, RegistrationId, UserId};
use shared::page::{Binding, PageRequest, Paging};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use super::keys::TicketJwk;
use crate::model::{CheckInList, Registration, RegistrationStatus};

/// Who may come in, as a device needs it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Admitted {
    /// The registration, as it stands in the ticket.
    registration_id: RegistrationId,
    /// Whose.
    user_id: UserId,
    /// The name, of those whom the organiser registered by address.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `confirmed` or `checked_in` come in; of the others, why not.
    status: RegistrationStatus,
    /// The ticket type.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_type: Option<String>,
    /// For how many people.
    quantity: u32,
}

/// A page of what a device takes along.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pack {
    /// For what.
    event_id: EventId,
    /// Its title.
    title: String,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// The keys by which tickets are verified.
    keys: Vec<TicketJwk>,
    /// The lists at the door.
    lists: Vec<CheckInList>,
    /// Registrations, those that have ended too: their tickets are void.
    items: Vec<Admitted>,
    /// Send it as `cursor` for the next page; `null` at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Reads what a device needs to let people in without a network.
///
/// A ticket is valid if a key verifies it, and its registration stands in the
/// pack with the same id, a place, and at least as many people as the ticket's
/// number. Needs the right `event.checkin`.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/check-in-pack",
    tag = TAG,
    operation_id = "getCheckInPack",
    params(("id" = EventId, Path, description = "The event."), Paging),
    responses(
        (status = 200, description = "A page.", body = Pack),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn check_in_pack(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let (event, _) = app
        .editable(id, &principal, Permission::EventCheckIn)
        .await?;
    let binding = Binding::new("/v1/events/{id}/check-in-pack")
        .caller(principal.user_id)
        .filter("event", id);
    let page = PageRequest::new(&paging, binding, 500, 1000)?;
    let (admission, keys, found) = Box::pin(futures::future::try_join3(
        app.store.admission(id),
        app.store.ticket_keys(),
        app.store.registrations(id, page.limit, page.position()),
    ))
    .await?;
    let items = found.items.iter().map(Admitted::new).collect();
    let listing = page.listing(items, found.next);
    let lists = match admission.check_in_lists {
        lists if lists.is_empty() => vec![CheckInList::standard()],
        lists => lists,
    };
    Reply::ok(&Pack {
        event_id: id,
        title: event.details.title,
        as_of: app.store.now(),
        keys: keys.into_iter().map(TicketJwk::new).collect(),
        lists,
        items: listing.items,
        next_cursor: listing.next_cursor,
    })
}

impl Admitted {
    fn new(registration: &Registration) -> Self {
        Self {
            registration_id: registration.id,
            user_id: registration.user_id,
            name: registration
                .guest
                .as_ref()
                .and_then(|guest| guest.name.clone()),
            status: registration.status,
            ticket_type: Some(registration.ticket_type.clone()).filter(|kind| !kind.is_empty()),
            quantity: registration.quantity,
        }
    }
}
