//! `GET /.well-known/openid-configuration`

use axum::extract::State;
use serde::Serialize;
use shared::{http::Reply, problem::Problem, scope};
use utoipa::ToSchema;

use crate::state::App;

/// Provider metadata (`OpenID` Connect Discovery 1.0 §3, RFC 8414 §2), limited to
/// what there is: no flow through a browser yet, so no such end-points.
#[derive(Debug, Serialize, ToSchema)]
pub struct Metadata {
    issuer: String,
    jwks_uri: String,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    scopes_supported: Vec<String>,
    response_types_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: Vec<&'static str>,
    id_token_signing_alg_values_supported: Vec<&'static str>,
    claims_supported: Vec<&'static str>,
    service_documentation: String,
}

/// How to verify our tokens
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "discovery",
    operation_id = "getOpenidConfiguration",
    security(()),
    responses((status = 200, description = "The metadata", body = Metadata))
)]
pub async fn openid_configuration(State(app): State<App>) -> Result<Reply, Problem> {
    metadata(&app)
}

/// How to verify our tokens
///
/// The same under the name of RFC 8414.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "discovery",
    operation_id = "getOauthAuthorizationServer",
    security(()),
    responses((status = 200, description = "The metadata", body = Metadata))
)]
pub async fn oauth_authorization_server(State(app): State<App>) -> Result<Reply, Problem> {
    metadata(&app)
}

fn metadata(app: &App) -> Result<Reply, Problem> {
    let url = &app.settings.public_url;
    let metadata = Metadata {
        issuer: url.clone(),
        jwks_uri: format!("{url}/.well-known/jwks.json"),
        token_endpoint: format!("{url}/v1/auth/token"),
        token_endpoint_auth_methods_supported: vec!["client_secret_basic", "client_secret_post"],
        introspection_endpoint: format!("{url}/v1/auth/introspect"),
        introspection_endpoint_auth_methods_supported: vec![
            "client_secret_basic",
            "client_secret_post",
            "Bearer",
        ],
        revocation_endpoint: format!("{url}/v1/auth/revoke"),
        revocation_endpoint_auth_methods_supported: vec![
            "none",
            "client_secret_basic",
            "client_secret_post",
        ],
        scopes_supported: scope::all().map(|(scope, _)| scope).collect(),
        response_types_supported: vec![],
        grant_types_supported: vec!["client_credentials"],
        subject_types_supported: vec!["public"],
        id_token_signing_alg_values_supported: vec!["ES256"],
        claims_supported: vec![
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "jti",
            "sid",
            "org",
            "scope",
            "client_id",
        ],
        service_documentation: format!("{url}/v1/docs"),
    };
    Ok(Reply::ok(&metadata)?.hashed().public(3600))
}
