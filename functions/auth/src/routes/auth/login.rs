//! `POST /v1/auth/login`

use axum::extract::State;
use http::header::WWW_AUTHENTICATE;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{
    grant::SignedIn,
    model::{email::Email, password::Password, secret::Secret, session::Method},
    problems::INVALID_CREDENTIALS,
    state::App,
};

/// Address and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    #[schema(format = Email, example = "ada@example.org")]
    email: String,
    password: Secret,
}

/// Sign in
///
/// An unknown address and a wrong password get the same answer after the same
/// work.
#[utoipa::path(
    post, path = "/v1/auth/login", tag = "auth", operation_id = "login",
    request_body = Login,
    security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`invalid-credentials`"),
        (status = 403, description = "`account-suspended`, `password-reset-required`"),
        (status = 429, description = "`quota-exceeded`"),
    )
)]
pub async fn login(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<Login>,
) -> Result<Reply, Problem> {
    let password = Password::presented(&body.password);
    // What is no address belongs to nobody: there is nothing to hide about it.
    let known = match Email::parse(&body.email) {
        Ok(email) => app.store.sign_in(&email).await?,
        Err(_) => None,
    };
    let matches = match &known {
        Some(known) => password.matches(&known.credential.hash),
        None => password.matches_nobody(),
    };
    let matches = matches.map_err(Problem::internal)?;
    let Some(known) = known.filter(|_| matches) else {
        return Err(Problem::new(&INVALID_CREDENTIALS)
            .detail("Invalid credentials")
            .header(WWW_AUTHENTICATE, "Bearer realm=\"plenary\""));
    };
    super::trusted(&known.credential)?;
    let methods = [Method::Password];
    app.sign_in(&cx, known.account, known.suspended, &methods)
        .await
}
