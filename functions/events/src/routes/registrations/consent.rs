//! `PATCH /v1/events/{id}/registrations/me`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{MergePatch, Path, Reply};
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::{CONFLICT, Problem};
use utoipa::ToSchema;

use super::super::view::RegistrationView;
use super::super::{App, TAG};
use crate::model::{Registration, RegistrationStatus};
use crate::store::share_anew;

/// What others may know of a registration.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Consent {
    /// Whether the answers to the questions that say so may be used to suggest
    /// people to meet there.
    matchmaking_consent: bool,
    /// Whether connections may know that the caller goes there.
    visible_to_connections: bool,
}

/// Gives or withdraws consent; what the patch leaves out stays. The matchmaking forgets answers within seconds.
#[utoipa::path(
    patch,
    path = "/v1/events/{id}/registrations/me",
    tag = TAG,
    operation_id = "updateMyConsent",
    params(("id" = EventId, Path, description = "The event.")),
    request_body(content = Consent, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The registration.", body = RegistrationView),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`conflict`: the registration is cancelled, or changed in this moment"),
    ),
    security(("bearer" = []))
)]
pub async fn update_consent(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    patch: MergePatch<Consent>,
) -> Result<Reply, Problem> {
    let before = app
        .store
        .registration(id, principal.user_id)
        .await?
        .ok_or_else(|| Problem::not_found("The registration"))?;
    if before.status == RegistrationStatus::Cancelled {
        return Err(Problem::new(&CONFLICT).detail("Your registration is cancelled."));
    }
    let consent = patch.apply(&Consent {
        matchmaking_consent: before.matchmaking_consent,
        visible_to_connections: before.visible_to_connections,
    })?;
    let mut commit = app.store.commit(&cx);
    let next = Registration {
        matchmaking_consent: consent.matchmaking_consent,
        visible_to_connections: consent.visible_to_connections,
        updated_at: commit.now(),
        ..before.clone()
    };
    let moved = Problem::new(&CONFLICT).detail("The registration changed in the meantime.");
    commit.replace(&next).or(moved);
    if next.matchmaking_consent != before.matchmaking_consent {
        let (event, _) = app.store.event(id).await?;
        let admission = app.store.admission(id).await?;
        share_anew(&mut commit, &event, &admission, &next);
    }
    commit
        .finish(Reply::ok(&RegistrationView::new(&next))?)
        .await
}
