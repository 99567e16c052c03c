//! `POST /v1/auth/identities/{provider}/start`

use axum::extract::State;
use shared::{
    cx::Context,
    http::{Json, Path, Reply},
    principal::Principal,
    problem::Problem,
};

use crate::{
    federation::Leaving,
    model::provider::ProviderName,
    problems::{EMAIL_NOT_VERIFIED, ended},
    routes::providers::{Departure, start::Start},
    state::App,
};

/// Begin to link a provider
///
/// As a sign-in with it begins, but for the account that is signed in, whose
/// address must be verified. Finish by `POST /v1/auth/identities/{provider}`.
#[utoipa::path(
    post, path = "/v1/auth/identities/{provider}/start", tag = "auth", operation_id = "startLinking",
    params(("provider" = ProviderName, Path)),
    request_body = Start,
    responses(
        (status = 200, description = "Where to go", body = Departure),
        (status = 400, description = "`invalid-request`, `redirect-refused`"),
        (status = 403, description = "`email-not-verified`, `step-up-required`"),
        (status = 404, description = "`provider-not-configured`"),
        (status = 503, description = "The provider does not answer"),
    )
)]
pub async fn start(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(name): Path<ProviderName>,
    Json(body): Json<Start>,
) -> Result<Reply, Problem> {
    let provider = app.providers.get(name)?;
    app.require_fresh(&principal).await?;
    let account = app.store.account(principal.user_id).await?;
    if !account.ok_or_else(ended)?.email_verified {
        return Err(Problem::new(&EMAIL_NOT_VERIFIED));
    }
    let leaving = Leaving {
        redirect_uri: body.redirect_uri,
        challenge: body.code_challenge,
        link_to: Some(principal.user_id),
    };
    let (flow, url) = app.leave(&cx, provider, leaving).await?;
    let reply = Departure::told(url, flow.expires_at)?;
    app.store.begin_flow(&cx, &flow, reply).await
}
