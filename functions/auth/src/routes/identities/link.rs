//! `POST /v1/auth/identities/{provider}`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Json, Path, Reply},
    principal::Principal,
    problem::Problem,
};

use super::IdentityView;
use crate::{
    federation::Returned,
    model::{account::SeenPassword, provider::ProviderName},
    problems::ended,
    routes::providers::callback::FromApp,
    state::App,
};

/// Link a provider
///
/// to the account that is signed in, which must be the one that began. The
/// address there may be another than the account's. The owner is told by mail.
/// Linking the same identity again changes nothing.
#[utoipa::path(
    post, path = "/v1/auth/identities/{provider}", tag = "auth", operation_id = "linkIdentity",
    params(("provider" = ProviderName, Path)),
    request_body = FromApp,
    responses(
        (status = 201, description = "Linked", body = IdentityView),
        (status = 400, description = "`invalid-request`, `provider-refused`"),
        (status = 403, description = "`email-not-verified`"),
        (status = 404, description = "`provider-not-configured`"),
        (status = 409, description = "`identity-taken`, `provider-linked`"),
        (status = 410, description = "`sign-in-gone`"),
        (status = 503, description = "The provider does not answer; begin again later"),
    )
)]
pub async fn link(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(name): Path<ProviderName>,
    Json(body): Json<FromApp>,
) -> Result<Reply, Problem> {
    let provider = app.providers.get(name)?;
    let user = principal.user_id;
    let (account, credential) =
        futures::future::try_join(app.store.account(user), app.store.credential(user)).await?;
    let account = account.ok_or_else(ended)?;
    // Asking the provider takes its time.
    let seen = SeenPassword::of(user, credential.as_ref());
    let back = Returned {
        code: &body.code,
        state: &body.state,
        verifier: &body.code_verifier,
        link_to: Some(principal.user_id),
    };
    let (person, tokens) = app.come_back(&cx, provider, &back).await?;
    let by = (&account, &seen, principal.session_id);
    let identity = app.link_identified(&cx, by, name, &person, &tokens).await?;
    let place = format!("/v1/auth/identities/{name}");
    Reply::created(&IdentityView::from(&identity), &place)
}
