//! `POST /v1/auth/revoke`

use axum::{body::Bytes, extract::State};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    api_key::Kind,
    cx::Context,
    event::auth::CredentialChange,
    http::Reply,
    id::{ApiKeyId, SessionId, UserId},
    principal::Means,
    problem::{Problem, UNAVAILABLE},
};
use utoipa::ToSchema;

use super::{Form, client, error, presented};
use crate::{
    grant::CLIENT,
    model::{
        program::ProgramId,
        refresh::RefreshToken,
        session::{MARGIN, Verdict},
    },
    problems::UNAUTHORIZED_CLIENT,
    state::App,
    store::Ending,
};

/// How often a change that others made in between is tried again.
const ATTEMPTS: usize = 4;

/// The parameters (RFC 7009 §2.1).
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "it describes the form, which is read by hand")]
pub struct Revocation {
    /// An access token, a refresh token or an API key.
    token: String,
    /// Not needed: the token says what it is.
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Revoke a token
///
/// (RFC 7009.) Whoever holds a token may revoke it: a refresh or access token
/// ends its session, the token of a service account ends alone, and of an API
/// key the text that was sent. It holds everywhere within 5 seconds. A token
/// that is none, or no longer good, is answered the same.
#[utoipa::path(
    post, path = "/v1/auth/revoke", tag = "auth", operation_id = "revokeToken",
    request_body(
        content = Revocation, content_type = "application/x-www-form-urlencoded"
    ),
    security(()),
    responses(
        (status = 200, description = "It is not good any more"),
        (status = 400, description = "`invalid-request`, `unauthorized-client`"),
        (status = 401, description = "`invalid-client`: the client credentials that were sent are wrong"),
        (status = 403, description = "`address-not-allowed`"),
    )
)]
pub async fn revoke(
    State(app): State<App>,
    cx: Context,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Reply, Problem> {
    let form = Form::read(&headers, &body)?;
    let token = form.required("token")?;
    let by = match presented(&headers, Some(&form))? {
        Some(credentials) => Some(client(&app, &cx, credentials).await?.0.to_string()),
        None => None,
    };
    let target = match recognised(&app, token).await {
        Ok(Some(target)) => target,
        Ok(None) => return Ok(done()),
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => return Ok(done()),
        Err(problem) => return Err(problem),
    };
    if by.is_some_and(|by| by != target.client()) {
        let description = "The token was issued to another client.";
        let code = "unauthorized_client";
        return Err(error(&UNAUTHORIZED_CLIENT, code, description));
    }
    target.end(&app, &cx).await
}

fn done() -> Reply {
    Reply::no_content().with_status(StatusCode::OK)
}

/// What a good token stands for.
enum Target {
    Session(UserId, SessionId),
    Service {
        client: String,
        acting: UserId,
        sid: SessionId,
        until: Timestamp,
    },
    Key(ApiKeyId, String),
}

async fn recognised(app: &App, token: &str) -> Result<Option<Target>, Problem> {
    if token.starts_with(Kind::Key.prefix()) {
        let principal = app.access.authenticate(token).await?;
        let key = match principal.by {
            Means::ApiKey { id, .. } => Kind::Key.hash(token).map(|hash| Target::Key(id, hash)),
            _ => None,
        };
        return Ok(key);
    }
    if let Some(refresh) = RefreshToken::parse(token) {
        let (user, id) = (refresh.user(), refresh.session());
        let session = app.store.session(user, id).await?;
        let lives = &app.settings.lifetimes;
        // A spent one is of the family too: its holder may end the session.
        let genuine = session.is_some_and(|session| {
            session.judge(&refresh, app.clock.now(), lives) != Verdict::Unknown
        });
        return Ok(genuine.then_some(Target::Session(user, id)));
    }
    let (claims, principal) = app.access.examine(token).await?;
    Ok(Some(match principal.by {
        Means::ServiceAccount { .. } => Target::Service {
            client: claims.client_id,
            acting: principal.user_id,
            sid: claims.sid,
            until: Timestamp::from_second(claims.exp).map_err(Problem::internal)? + MARGIN,
        },
        _ => Target::Session(principal.user_id, claims.sid),
    }))
}

impl Target {
    fn client(&self) -> String {
        match self {
            Self::Session(..) => CLIENT.to_owned(),
            Self::Service { client, .. } => client.clone(),
            Self::Key(id, _) => id.to_string(),
        }
    }

    async fn end(self, app: &App, cx: &Context) -> Result<Reply, Problem> {
        match self {
            Self::Session(user, id) => {
                app.store
                    .end_session(cx, user, id, Ending::Revoked, done())
                    .await
            }
            Self::Service {
                acting, sid, until, ..
            } => {
                app.store.revoke_token(cx, acting, sid, until).await?;
                Ok(done())
            }
            Self::Key(id, hash) => end_secret(app, cx, ProgramId::ApiKey(id), &hash).await,
        }
    }
}

/// Ends one text of a key; the others, and the key itself, stay.
async fn end_secret(app: &App, cx: &Context, id: ProgramId, hash: &str) -> Result<Reply, Problem> {
    for _ in 0..ATTEMPTS {
        let Some(before) = app.store.program(id).await? else {
            return Ok(done());
        };
        let after = before.without(hash);
        if after == before {
            return Ok(done());
        }
        let change = CredentialChange::SecretRevoked;
        let ended = app
            .store
            .change_program(cx, &before, &after, change, None, done())
            .await;
        match ended {
            // Somebody else changed it just now.
            Err(problem) if problem.status() == StatusCode::PRECONDITION_FAILED => {}
            ended => return ended,
        }
    }
    Err(Problem::new(&UNAVAILABLE).header(http::header::RETRY_AFTER, "1"))
}
