//! `DELETE /v1/users/me`

use axum::extract::State;
use shared::{
    cx::Context,
    http::Reply,
    principal::{PlatformRole, Principal},
    problem::Problem,
};

use super::Begun;
use crate::{
    model::{deletion::Deletion, email::Email, mailed::LinkUse, session::Session},
    problems::{LAST_OWNER, ROLE_HELD, ended},
    state::App,
};

/// Delete your account
///
/// You must have proved yourself in the last ten minutes. It is deactivated at
/// once: no token and no API key of yours works within 5 seconds. After 14 days everything that
/// is kept of you is erased. Until then a mailed link brings it back, and so
/// does signing in. The operation shows what was erased where, and can be read
/// by its id alone: keep it as the proof.
#[utoipa::path(
    delete, path = "/v1/users/me", tag = "users", operation_id = "deleteMe",
    responses(
        (status = 202, description = "Deactivated, to be erased", body = Begun,
            headers(("location" = String, description = "The operation"))),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`step-up-required`"),
        (status = 409, description = "`last-owner` with `organizations`: hand them over or delete \
                                      them first; `role-held`"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
) -> Result<Reply, Problem> {
    app.require_fresh(&principal).await?;
    let user = principal.user_id;
    let subject = app.store.subject(user).await?.ok_or_else(ended)?;
    if subject.record.role > PlatformRole::User {
        return Err(Problem::new(&ROLE_HELD));
    }
    let owned = app.store.owned_alone(user).await?;
    if !owned.is_empty() {
        let owned = serde_json::to_value(owned).map_err(Problem::internal)?;
        return Err(Problem::new(&LAST_OWNER).with("organizations", owned));
    }
    let now = app.clock.now();
    let deletion = Deletion::requested(now);
    let email = Email::parse(&subject.account.email.0).map_err(Problem::internal)?;
    let letter = app.link(user, LinkUse::CancelDeletion, &email).await?;
    let reply = Begun {
        id: deletion.operation_id,
        kind: "account-deletion",
        status: "scheduled",
        created_at: now,
        erase_at: Some(deletion.erase_at),
    }
    .reply()?;
    let session = principal.session_id;
    let reply = app
        .store
        .request_deletion(&cx, &subject, &deletion, &letter, session, reply)
        .await?;
    // No token is valid any more; the worker ends what this does not.
    let begun = |session: &Session| session.created_at <= now;
    if let Err(error) = app.store.end_sessions(&cx, user, begun).await {
        tracing::warn!(user.id = %user, %error, "sessions are left to the worker");
    }
    Ok(reply)
}
