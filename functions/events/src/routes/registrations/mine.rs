//! `GET /v1/events/{id}/registrations/me`, `GET /v1/events/registrations`

use axum::extract::State;
use shared::http::{Path, Query, Reply};
use shared::id::EventId;
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;

use super::super::view::RegistrationView;
use super::super::{App, TAG};

/// Reads the caller's registration, with the place on the waitlist.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/registrations/me",
    tag = TAG,
    operation_id = "getMyRegistration",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "The registration.", body = RegistrationView),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn my_registration(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    let registration = app
        .store
        .registration(id, principal.user_id)
        .await?
        .ok_or_else(|| Problem::not_found("The registration"))?;
    let mut view = RegistrationView::new(&registration);
    if let (crate::model::RegistrationStatus::Waitlisted, Some(order)) =
        (registration.status, &registration.waiting)
    {
        view.waitlist_position = Some(
            app.store
                .ahead(id, &registration.ticket_type, Some(order))
                .await?
                + 1,
        );
    }
    Reply::ok(&view)
}

/// Lists the caller's registrations, the newest first.
#[utoipa::path(
    get,
    path = "/v1/events/registrations",
    tag = TAG,
    operation_id = "listMyRegistrations",
    params(Paging),
    responses((status = 200, description = "A page.", body = Listing<RegistrationView>)),
    security(("bearer" = []))
)]
pub async fn list_mine(
    State(app): State<App>,
    principal: Principal,
    Query(paging): Query<Paging>,
) -> Result<Reply, Problem> {
    let binding = Binding::new("/v1/events/registrations").caller(principal.user_id);
    let page = PageRequest::new(&paging, binding, 20, 100)?;
    let found = app
        .store
        .registrations_of(principal.user_id, page.limit, page.position())
        .await?;
    let views = found.items.iter().map(RegistrationView::new).collect();
    Reply::ok(&page.listing(views, found.next))
}
