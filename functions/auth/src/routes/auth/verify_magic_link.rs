//! `/v1/auth/magic-link/verify`

use axum::extract::State;
use http::header::WWW_AUTHENTICATE;
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::{Problem, VERSION_CONFLICT},
};
use utoipa::ToSchema;

use super::page;
use crate::{
    grant::SignInAnswer,
    leaving::Admission,
    model::{
        account::{Account, SeenPassword},
        code::Code,
        email::Email,
        mailed::{Link, LinkUse},
        secret::Secret,
        session::Method,
    },
    problems::{CODE_REFUSED, LINK_GONE},
    state::App,
    store::Spent,
};

const PATH: &str = "/v1/auth/magic-link/verify";

/// Either the token of the link, or the address and the code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mailed {
    /// What the link in the mail ends with.
    token: Option<Secret>,
    /// The address that the mail was sent to; with `code`.
    #[schema(format = Email, example = "ada@example.org")]
    email: Option<String>,
    /// The code in the mail; spaces and hyphens do not count.
    #[schema(example = "1234 5678")]
    code: Option<Secret>,
}

/// Sign in by a mail
///
/// with the token of its link, or with address and code. A code can be tried
/// five times, and the codes of one account twenty times a day; the link is not
/// harmed by that. The address counts as verified from then on. A password that
/// was chosen before is removed with every second factor, and sessions and API
/// keys end, if it was not verified: they may be somebody else's, who registered
/// with this address.
#[utoipa::path(
    post, path = "/v1/auth/magic-link/verify", tag = "auth", operation_id = "verifyMagicLink",
    request_body = Mailed,
    security(()),
    responses(
        (status = 200, description = "Signed in, or asked for a second factor", body = SignInAnswer),
        (status = 401, description = "`code-refused`"),
        (status = 403, description = "`account-suspended`, `account-deleting`"),
        (status = 410, description = "`link-gone`"),
    )
)]
pub async fn verify_magic_link(
    State(app): State<App>,
    cx: Context,
    Json(body): Json<Mailed>,
) -> Result<Reply, Problem> {
    let link = match (&body.token, &body.email, &body.code) {
        (Some(token), None, None) => app.opened(token, LinkUse::SignIn).await?,
        (None, Some(email), Some(code)) => by_code(&app, &cx, email, code).await?,
        _ => {
            let detail = "must have either token, or email and code";
            return Err(Problem::invalid("", "one-of", detail));
        }
    };
    complete(&app, &cx, &link).await
}

/// The page that the link opens where there is no app
///
/// Opening it uses nothing up and signs nobody in: it says to type the code.
#[utoipa::path(
    get, path = "/v1/auth/magic-link/verify", tag = "auth", operation_id = "getMagicLinkPage",
    security(()),
    responses((status = 200, description = "The page", content_type = "text/html", body = String))
)]
pub async fn show() -> Reply {
    page::sign_in()
}

/// The link whose code this is. An address without an account costs the same.
async fn by_code(app: &App, cx: &Context, email: &str, code: &str) -> Result<Link, Problem> {
    let (Ok(email), Some(code)) = (Email::parse(email), Code::parse(code)) else {
        return Err(refused());
    };
    let account = app.store.account_of(&email).await?;
    let user = account
        .as_ref()
        .map_or_else(|| email.phantom(), |account| account.id);
    let link = app.store.link(user, LinkUse::SignIn).await?;
    let now = app.clock.now();
    let Some((link, hash)) = link
        .filter(|link| now < link.expires_at)
        .and_then(|link| link.code.clone().map(|hash| (link, hash)))
    else {
        code.matches_nobody().map_err(Problem::internal)?;
        return Err(refused());
    };
    app.store
        .try_code(cx, &link)
        .await
        .map_err(|problem| match problem.kind() {
            kind if *kind == CODE_REFUSED => refused().caused_by(problem),
            _ => problem,
        })?;
    let right = code.matches(&hash).map_err(Problem::internal)?;
    if right && account.is_some() {
        Ok(link)
    } else {
        Err(refused())
    }
}

async fn complete(app: &App, cx: &Context, link: &Link) -> Result<Reply, Problem> {
    let user = link.user_id;
    let gone = || Problem::new(&LINK_GONE);
    let (account, credential, standing) = futures::future::try_join3(
        app.store.account(user),
        app.store.credential(user),
        app.store.standing(user),
    )
    .await?;
    let account = account.ok_or_else(gone)?;
    let admission = Admission::of(standing.as_ref())?;
    app.prove_by_mail(cx, link, &account).await?;
    // The first proof of the address removes the password.
    let left = credential.filter(|_| account.email_verified);
    let account = Account {
        email_verified: true,
        ..account
    };
    let spent = Spent {
        password: Some(SeenPassword::of(user, left.as_ref())),
        ..Spent::default()
    };
    let methods = [Method::Email];
    let reply = app.sign_in(cx, account, admission, &methods, spent).await;
    let reply = reply.map_err(|problem| match problem.kind() {
        // What was mailed dies with the password, also in this moment.
        kind if *kind == VERSION_CONFLICT => gone().caused_by(problem),
        _ => problem,
    })?;
    // Whoever tried codes of this account no longer delays the owner.
    Ok(reply.proves(PATH, link.email.0.clone()))
}

fn refused() -> Problem {
    Problem::new(&CODE_REFUSED).header(WWW_AUTHENTICATE, "Bearer realm=\"plenary\"")
}
