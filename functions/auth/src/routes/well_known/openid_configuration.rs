//! `GET /.well-known/openid-configuration`

use axum::extract::State;
use serde::Serialize;
use shared::{http::Reply, problem::Problem};
use utoipa::ToSchema;

use crate::state::App;

/// Provider metadata (`OpenID` Connect Discovery 1.0 §3, RFC 8414 §2), limited to
/// what there is: no flow through a browser yet, so no such end-points.
#[derive(Debug, Serialize, ToSchema)]
pub struct Metadata {
    issuer: String,
    jwks_uri: String,
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
    let url = &app.settings.public_url;
    let metadata = Metadata {
        issuer: url.clone(),
        jwks_uri: format!("{url}/.well-known/jwks.json"),
        response_types_supported: vec![],
        grant_types_supported: vec![],
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
