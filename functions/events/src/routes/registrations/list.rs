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
    app.editable(id, &principal, Permission::AttendeesView)
        .await?;
    let binding = Binding::new("/v1/events/{id}/registrations")
        .caller(principal.user_id)
        .filter("event", id);
    let page = PageRequest::new(&paging, binding, 50, 100)?;
    let found = app
        .store
        .registrations(id, page.limit, page.position())
        .await?;
    let views = found.items.iter().map(RegistrationView::new).collect();
    Reply::ok(&page.listing(views, found.next))
}
