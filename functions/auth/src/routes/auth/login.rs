//! `POST /v1/auth/login`

use axum::extract::State;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Deserialize;
use shared::{
    cx::Context,
    http::{Json, Reply},
    problem::{Problem, UNAVAILABLE, VERSION_CONFLICT},
};
use utoipa::ToSchema;

use crate::{
    grant::SignInAnswer,
    leaving::Admission,
    model::{
        account::{Credential, SeenPassword},
        email::Email,
        kept::Match,
        password::Password,
        secret::Secret,
        session::Method,
    },
    problems::INVALID_CREDENTIALS,
    state::App,
    store::{SignIn, Spent},
};

/// Where attempts at an account's password are counted.
pub(super) const PATH: &str = "/v1/auth/login";

/// How often a sign-in is looked at again whose hash changed meanwhile.
const ATTEMPTS: u32 = 3;

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
/// work. An account with a second factor is asked for it: the tokens then come
/// from `POST /v1/auth/mfa/verify`.
#[utoipa::path(
    post, path = "/v1/auth/login", tag = "auth", operation_id = "login",
    request_body = Login,
    security(()),
    responses(
        (status = 200, description = "Signed in, or `mfaRequired`", body = SignInAnswer),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`invalid-credentials`"),
        (status = 403, description = "`account-suspended`, `account-deleting`, `password-reset-required`"),
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
    let email = Email::parse(&body.email).ok();
    for _ in 0..ATTEMPTS {
        let known = match &email {
            Some(email) => app.store.sign_in(email).await?,
            None => None,
        };
        let (known, proof) = proven(&password, known)?;
        super::trusted(&known.credential)?;
        let admission = Admission::of(known.standing.as_ref())?;
        let spent = Spent {
            credential: renewed(&password, &known, proof)?,
            password: Some(SeenPassword::of(known.account.id, Some(&known.credential))),
            ..Spent::default()
        };
        let methods = [Method::Password];
        let account = known.account;
        let address = account.email.0.clone();
        match app.sign_in(&cx, account, admission, &methods, spent).await {
            // The hash changed since it was read: a twin renewed it, or the
            // password is another by now. What counts is how it is now.
            Err(problem) if *problem.kind() == VERSION_CONFLICT => {}
            answer => return answer.map(|reply| reply.proves(PATH, address)),
        }
    }
    Err(Problem::new(&UNAVAILABLE).header(RETRY_AFTER, "1"))
}

/// Who has this password, and whether the hash of it should be renewed.
fn proven(password: &Password, known: Option<SignIn>) -> Result<(SignIn, Match), Problem> {
    let compared = known
        .as_ref()
        .and_then(|known| match password.compare(&known.credential.hash) {
            Ok(compared) => Some(compared),
            Err(error) => {
                tracing::warn!(%error, auth.user = %known.account.id, "a kept password hash is of no use");
                None
            }
        });
    match (known, compared) {
        (Some(known), Some(right @ (Match::Right | Match::Outdated))) => Ok((known, right)),
        (_, Some(_)) => Err(refused()),
        (_, None) => {
            password.matches_nobody().map_err(Problem::internal)?;
            Err(refused())
        }
    }
}

fn refused() -> Problem {
    Problem::new(&INVALID_CREDENTIALS)
        .detail("Invalid credentials")
        .header(WWW_AUTHENTICATE, "Bearer realm=\"plenary\"")
}

/// The same password, hashed as we do today, where it is not.
fn renewed(
    password: &Password,
    known: &SignIn,
    proof: Match,
) -> Result<Option<Credential>, Problem> {
    if proof != Match::Outdated {
        return Ok(None);
    }
    let kept = &known.credential;
    Ok(Some(Credential {
        hash: password.hash().map_err(Problem::internal)?,
        ..kept.clone()
    }))
}
