//! `/v1/auth/oauth/{provider}/callback`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Path, Query, Reply},
    problem::Problem,
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    federation::Returned,
    grant::SignInAnswer,
    model::{provider::ProviderName, secret::Secret},
    problems::FLOW_GONE,
    state::App,
};

/// Longer is no code.
const MAX_CODE: usize = 2048;

/// What a provider sends people back with (RFC 6749 §4.1.2, RFC 9207); there
/// may be more.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FromProvider {
    /// Of the sign-in.
    state: String,
    /// What it is exchanged for; missing after an error.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who sends.
    iss: Option<String>,
}

/// Come back from a provider
///
/// The provider sends the browser here, and it is sent on to the app, with
/// `code` and `state` behind the `#`. Nothing is used up by it.
#[utoipa::path(
    get, path = "/v1/auth/oauth/{provider}/callback", tag = "auth", operation_id = "returnFromOauth",
    params(("provider" = ProviderName, Path), FromProvider),
    security(()),
    responses(
        (status = 302, description = "To the app"),
        (status = 404, description = "`provider-not-configured`"),
        (status = 410, description = "`sign-in-gone`"),
    )
)]
pub async fn back(
    State(app): State<App>,
    Path(name): Path<ProviderName>,
    Query(query): Query<FromProvider>,
) -> Result<Reply, Problem> {
    let provider = app.providers.get(name)?;
    let (_, flow) = app.flow(name, &query.state).await?;
    if query.iss.is_some_and(|issuer| !provider.is_issuer(&issuer)) {
        return Err(Problem::new(&FLOW_GONE));
    }
    let code = query.code.filter(|code| code.len() <= MAX_CODE);
    let mut fragment = form_urlencoded::Serializer::new(String::new());
    match (&code, &query.error) {
        (Some(code), None) => fragment.append_pair("code", code),
        (_, Some(error)) if is_error(error) => fragment.append_pair("error", error),
        _ => fragment.append_pair("error", "server_error"),
    };
    fragment.append_pair("state", &query.state);
    let place = format!("{}#{}", flow.redirect_uri, fragment.finish());
    Ok(Reply::found(&place))
}

/// Error codes are short words; nothing else is passed on.
fn is_error(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// What the browser brought back to the app, and the app's own proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FromApp {
    /// From the fragment.
    pub(in crate::routes) code: Secret,
    /// From the fragment.
    pub(in crate::routes) state: Secret,
    /// Of the `codeChallenge` that the app began with.
    #[schema(min_length = 43, max_length = 128)]
    pub(in crate::routes) code_verifier: Secret,
}

/// Finish a sign-in with a provider
///
/// Works once. An unknown person gets an account; a known address is linked if
/// the account's owner has proved it and the provider runs its mailbox (Google,
/// for gmail.com and the domain of the person's Workspace), and the owner is
/// told by mail. Otherwise the answer is `account-exists`: sign in
/// to that account in another way, and link it.
#[utoipa::path(
    post, path = "/v1/auth/oauth/{provider}/callback", tag = "auth", operation_id = "finishOauth",
    params(("provider" = ProviderName, Path)),
    request_body = FromApp,
    security(()),
    responses(
        (status = 200, description = "Signed in, or asked for a second factor", body = SignInAnswer),
        (status = 400, description = "`invalid-request`, `provider-refused`"),
        (status = 403, description = "`account-suspended`, `account-deleting`, `address-unverified`"),
        (status = 404, description = "`provider-not-configured`"),
        (status = 409, description = "`account-exists`, `provider-linked`"),
        (status = 410, description = "`sign-in-gone`"),
        (status = 503, description = "The provider does not answer; begin again later"),
    )
)]
pub async fn complete(
    State(app): State<App>,
    cx: Context,
    Path(name): Path<ProviderName>,
    Json(body): Json<FromApp>,
) -> Result<Reply, Problem> {
    let provider = app.providers.get(name)?;
    let back = Returned {
        code: &body.code,
        state: &body.state,
        verifier: &body.code_verifier,
        link_to: None,
    };
    let (person, tokens) = app.come_back(&cx, provider, &back).await?;
    app.sign_in_identified(&cx, name, &person, &tokens).await
}
