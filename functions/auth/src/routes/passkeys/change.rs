//! `PATCH /v1/auth/passkeys/{passkeyId}`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::{MergePatch, Path, Reply},
    id::PasskeyId,
    principal::Principal,
    problem::Problem,
};
use utoipa::ToSchema;

use super::PasskeyView;
use crate::{
    model::{
        passkey::{MAX_NAME, Passkey},
        text,
    },
    second_factor::again,
    state::App,
};

/// What can be changed of a passkey.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeyName {
    #[schema(max_length = 60)]
    name: String,
}

/// Rename a passkey
#[utoipa::path(
    patch, path = "/v1/auth/passkeys/{passkeyId}", tag = "auth", operation_id = "renamePasskey",
    params(("passkeyId" = PasskeyId, Path)),
    request_body(content = PasskeyName, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "Renamed", body = PasskeyView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 404, description = "You have no such passkey"),
    )
)]
pub async fn change(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<PasskeyId>,
    patch: MergePatch<PasskeyName>,
) -> Result<Reply, Problem> {
    // Names are no secrets and decide nothing: the last one counts.
    again(|| renamed(&app, &cx, &principal, id, &patch)).await
}

async fn renamed(
    app: &App,
    cx: &Context,
    principal: &Principal,
    id: PasskeyId,
    patch: &MergePatch<PasskeyName>,
) -> Result<Reply, Problem> {
    let before = app.store.passkey(principal.user_id, id).await?;
    let before = before.ok_or_else(|| Problem::not_found("The passkey"))?;
    let current = PasskeyName {
        name: before.name.clone(),
    };
    let wanted = patch.apply(&current)?;
    let name = text::line(&wanted.name, MAX_NAME)
        .map_err(|error| Problem::invalid("/name", error.code(), error.to_string()))?;
    let after = Passkey { name, ..before };
    let reply = Reply::ok(&PasskeyView::from(&after))?;
    app.store.rename_passkey(cx, &after, reply).await
}
