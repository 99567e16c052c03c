//! `GET /v1/auth/oauth/{provider}/start`

use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Path, Query, Reply},
    problem::Problem,
};
use utoipa::{IntoParams, ToSchema};

use super::{Departure, wants_json};
use crate::{federation::Leaving, model::provider::ProviderName, state::App};

/// Where the app waits, and what it will prove itself by.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Start {
    /// One of the places that the operator has listed, to the letter.
    pub(in crate::routes) redirect_uri: String,
    /// The S256 challenge (RFC 7636 §4.2) of a verifier that the app keeps.
    #[param(min_length = 43, max_length = 43)]
    pub(in crate::routes) code_challenge: String,
}

/// Sign in with a provider
///
/// Sends a browser to the provider; tells a program, which accepts JSON, where
/// to send one. Afterwards the browser arrives at `redirectUri` with `code` and
/// `state` behind the `#`: send both, with the verifier of `codeChallenge`, to
/// `POST …/callback` within ten minutes. If it went wrong, `error` stands there
/// instead of `code`.
#[utoipa::path(
    get, path = "/v1/auth/oauth/{provider}/start", tag = "auth", operation_id = "startOauth",
    params(("provider" = ProviderName, Path), Start),
    security(()),
    responses(
        (status = 200, description = "Where to go", body = Departure),
        (status = 302, description = "To the provider"),
        (status = 400, description = "`invalid-request`, `redirect-refused`"),
        (status = 404, description = "`provider-not-configured`"),
        (status = 503, description = "The provider does not answer"),
    )
)]
pub async fn start(
    State(app): State<App>,
    cx: Context,
    Path(name): Path<ProviderName>,
    headers: HeaderMap,
    Query(query): Query<Start>,
) -> Result<Reply, Problem> {
    let provider = app.providers.get(name)?;
    let leaving = Leaving {
        redirect_uri: query.redirect_uri,
        challenge: query.code_challenge,
        link_to: None,
    };
    let (flow, url) = app.leave(&cx, provider, leaving).await?;
    let reply = if wants_json(&headers) {
        Departure::told(url, flow.expires_at)?
    } else {
        Reply::found(&url)
    };
    app.store.begin_flow(&cx, &flow, reply).await
}
