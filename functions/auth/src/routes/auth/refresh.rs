//! `POST /v1/auth/refresh`

use axum::extract::State;
use futures::future::try_join3;
use serde::Deserialize;
use shared::{
    commit::CommitError,
    cx::Context,
    http::{Json, Reply},
    problem::{Problem, UNAVAILABLE},
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::invalid_refresh_token as invalid;
use crate::{
    grant::{TokenPair, place},
    model::{
        account::Account,
        refresh::RefreshToken,
        secret::Secret,
        session::{Session, Verdict},
    },
    problems::ACCOUNT_SUSPENDED,
    state::App,
    store::Ending,
};

/// How often a lost race is looked at again; once settles it, unless the
/// winner's token is already spent as well.
const ATTEMPTS: u32 = 4;

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refresh {
    refresh_token: Secret,
}

/// Exchange a refresh token
///
/// for a new pair. The token is spent by it. For some seconds the same token
/// gets the identical pair again, so that a lost answer or two tabs at once do
/// no harm; after that, using it again ends the session, since somebody may
/// have a copy (RFC 9700 §4.14.2).
#[utoipa::path(
    post, path = "/v1/auth/refresh", tag = "auth", operation_id = "refresh",
    request_body = Refresh,
    security(()),
    responses(
        (status = 200, description = "The new pair", body = TokenPair),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`invalid-refresh-token`"),
        (status = 403, description = "`account-suspended`"),
        (status = 429, description = "`quota-exceeded`"),
    )
)]
pub async fn refresh(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<Refresh>,
) -> Result<Reply, Problem> {
    let token = RefreshToken::parse(&body.refresh_token).ok_or_else(invalid)?;
    for _ in 0..ATTEMPTS {
        if let Some(pair) = exchange(&app, &cx, &token).await? {
            return Reply::ok(&pair);
        }
    }
    Err(Problem::new(&UNAVAILABLE).header(http::header::RETRY_AFTER, "1"))
}

/// `None` if another request changed the session in between.
async fn exchange(
    app: &App,
    cx: &Context,
    token: &RefreshToken,
) -> Result<Option<TokenPair>, Problem> {
    let user = token.user();
    let (session, account, standing) = try_join3(
        app.store.session(user, token.session()),
        app.store.account(user),
        app.store.standing(user),
    )
    .await?;
    let (session, account) = session.zip(account).ok_or_else(invalid)?;
    let verdict = session.judge(token, app.clock.now(), &app.settings.lifetimes);
    if matches!(verdict, Verdict::Rotate | Verdict::Replay(_))
        && standing.is_some_and(|standing| standing.suspended)
    {
        return Err(Problem::new(&ACCOUNT_SUSPENDED));
    }
    match verdict {
        Verdict::Rotate => rotate(app, cx, token, &session, &account).await,
        Verdict::Replay(sealed) => replay(token, &sealed).map(Some),
        Verdict::Reused => Err(revoke(app, cx, token).await?),
        Verdict::Unknown => Err(invalid()),
    }
}

async fn rotate(
    app: &App,
    cx: &Context,
    token: &RefreshToken,
    session: &Session,
    account: &Account,
) -> Result<Option<TokenPair>, Problem> {
    let now = app.clock.now();
    let next = token.next().map_err(Problem::internal)?;
    let pair = app.pair(cx, account, &next, now).await?;
    let clear = Zeroizing::new(serde_json::to_vec(&pair).map_err(Problem::internal)?);
    let sealed = token.seal(&clear).map_err(Problem::internal)?;
    let session = session.rotated(
        token,
        &next,
        sealed,
        place(cx),
        now,
        &app.settings.lifetimes,
    );
    match app.store.rotate(cx, &session).await {
        Ok(()) => Ok(Some(pair)),
        Err(CommitError::Condition(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn replay(token: &RefreshToken, sealed: &str) -> Result<TokenPair, Problem> {
    let clear = token.open(sealed).map_err(Problem::internal)?;
    serde_json::from_slice(&clear).map_err(Problem::internal)
}

async fn revoke(app: &App, cx: &Context, token: &RefreshToken) -> Result<Problem, Problem> {
    tracing::warn!(
        auth.session = %token.session(),
        "a spent refresh token was used again; its session ends"
    );
    let refused = invalid()
        .detail("This refresh token was used before. Its session was ended: sign in again.");
    app.store
        .end_session(
            cx,
            token.user(),
            token.session(),
            Ending::Revoked,
            Reply::no_content(),
        )
        .await?;
    Ok(refused)
}
