//! `GET /v1/events/{id}/registrations`

use axum::extract::State;
use shared::http::{Path, Query, Reply};
use shared::id::EventId;
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;

use super::super::view::RegistrationView;
use super::super::{App, TAG};

/// Lists an event's registrations, for its organisers.
///
/// The answers and addresses of guests only with the right `event.edit`.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/registrations",
    tag = TAG,
    operation_id = "listRegistrations",
    params(("id" = EventId, Path, description = "The event."), Paging),
    responses(
        (status = 200, description = "A page.", body = Listing<RegistrationView>),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn list_registrations(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let (event, _) = app
        .editable(id, &principal, Permission::AttendeesView)
        .await?;
    // The door needs to know who comes, not what they answered.
    let all = event.authorise(&principal, Permission::EventEdit).is_ok();
    let binding = Binding::new("/v1/events/{id}/registrations")
        .caller(principal.user_id)
        .filter("event", id);
    let page = PageRequest::new(&paging, binding, 50, 100)?;
    let found = app
        .store
        .registrations(id, page.limit, page.position())
        .await?;
    let view = |registration| {
        let view = RegistrationView::new(registration);
        if all { view } else { view.for_the_door() }
    };
    let views = found.items.iter().map(view).collect();
    Reply::ok(&page.listing(views, found.next))
}
