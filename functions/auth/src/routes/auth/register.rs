//! `POST /v1/auth/register`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::Problem,
};
use utoipa::ToSchema;

use super::{Accepted, newcomer::Newcomer};
use crate::{
    grant::SignedIn,
    model::{
        account::{Account, Credential},
        consent::Purpose,
        mailed::LinkUse,
        secret::Secret,
        session::Method,
    },
    problems::{EMAIL_TAKEN, USERNAME_TAKEN},
    state::App,
    store::Registration,
};

/// Who wants an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Register {
    /// Letters count the same in either case.
    #[schema(format = Email, max_length = 254, example = "ada@example.org")]
    pub(super) email: String,
    /// At least 15 characters of any kind; a few unrelated words do well.
    #[schema(min_length = 15, max_length = 256)]
    pub(super) password: Secret,
    /// The full name.
    #[schema(max_length = 100)]
    pub(super) name: Option<String>,
    /// A unique handle: 3 to 30 of `a–z 0–9 _ . -`.
    #[schema(min_length = 3, max_length = 30)]
    pub(super) username: Option<String>,
    /// Where you work.
    #[schema(max_length = 100)]
    pub(super) company: Option<String>,
    /// What you agree to: the version of each text that you saw. Whatever the
    /// service names must be among them, in its version of today.
    #[serde(default)]
    #[schema(example = json!({"terms": "2026-09"}))]
    pub(super) consents: BTreeMap<Purpose, String>,
}

/// Create an account
///
/// and sign in to it. With enumeration protection the answer is 202 without
/// tokens, whether or not the address was free; a username that it names is
/// taken from then on in either case.
#[utoipa::path(
    post, path = "/v1/auth/register", tag = "auth", operation_id = "register",
    request_body = Register,
    security(()),
    responses(
        (status = 201, description = "Registered and signed in", body = SignedIn),
        (status = 202, description = "Enumeration protection is on", body = Accepted),
        (status = 400, description = "`invalid-request`"),
        (status = 409, description = "`email-taken`, `username-taken`"),
        (status = 429, description = "`quota-exceeded`"),
    )
)]
pub async fn register(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<Register>,
) -> Result<Reply, Problem> {
    let Newcomer {
        account,
        email,
        password,
        consents,
    } = Newcomer::read(&body, &app.settings, app.clock.now())?;
    if let Some(username) = &account.username
        && app.store.username_taken(username).await?
    {
        return Err(Problem::new(&USERNAME_TAKEN));
    }
    let credential = Credential {
        user_id: account.id,
        version: 0,
        hash: password.hash().map_err(Problem::internal)?,
        changed_at: account.created_at,
        reset_required: false,
    };
    let verification = app.link(account.id, LinkUse::VerifyEmail, &email).await?;
    if app.settings.enumeration_protection {
        let new = Registration {
            account,
            email,
            credential,
            session: None,
            verification,
            consents,
        };
        return silently(&app, &cx, new).await;
    }
    let account = Account {
        last_login_at: Some(account.created_at),
        ..account
    };
    let (session, tokens) = app
        .begin_session(&cx, &account, &[Method::Password])
        .await?;
    let answer = SignedIn::new(tokens, &account);
    let new = Registration {
        account,
        email,
        credential,
        session: Some(session),
        verification,
        consents,
    };
    app.store.register(&cx, &new).await?;
    Reply::created(&answer, "/v1/users/me")
}

/// Says the same whether or not the address was free, after the same work. The
/// username is gone in either case, or it would tell by being free.
async fn silently(app: &App, cx: &Context, new: Registration) -> Result<Reply, Problem> {
    match app.store.register(cx, &new).await.map_err(Problem::from) {
        Err(problem) if *problem.kind() == EMAIL_TAKEN => {
            if let Some(username) = &new.account.username {
                app.store.waste_username(cx, username, &new.email).await?;
            }
        }
        registered => registered?,
    }
    Reply::accepted(&Accepted::now())
}
