//! `DELETE /v1/auth/users/{userId}/mfa`

use axum::extract::State;
use shared::{
    access::UserAccess,
    cx::Context,
    http::{Path, Reply},
    id::UserId,
    principal::{PlatformRole, Principal},
    problem::Problem,
};

use crate::{
    model::administration::Administrator, second_factor::again, state::App,
    store::FactorRemoval as Removal,
};

/// Remove somebody's second factors
///
/// for who lost all of them: authenticator app, passkeys and recovery codes go,
/// and their sessions end. Needs a platform role above theirs, `admin` at
/// least. Make sure who is asking before you do; they are told by e-mail.
#[utoipa::path(
    delete, path = "/v1/auth/users/{userId}/mfa", tag = "auth",
    operation_id = "resetSecondFactors",
    params(("userId" = UserId, Path)),
    responses(
        (status = 204, description = "A password alone is enough again"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `administrator-address-not-allowed`, `step-up-required`"),
        (status = 404, description = "There is no such account"),
    )
)]
pub async fn reset(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(user): Path<UserId>,
) -> Result<Reply, Problem> {
    principal.require_administrator()?;
    app.require_fresh(&principal).await?;
    // The sessions first: if this stops half-way, the same call goes on.
    let standing = mightier(&app, &principal, user).await?;
    app.store.end_sessions(&cx, user, |_| true).await?;
    let by = Administrator {
        user_id: principal.user_id,
        role: principal.platform_role,
    };
    again(|| removed(&app, &cx, user, by, standing.as_ref())).await
}

/// 403 unless the caller stands above this person; else how they stand.
async fn mightier(
    app: &App,
    principal: &Principal,
    user: UserId,
) -> Result<Option<UserAccess>, Problem> {
    let (account, standing) =
        futures::future::try_join(app.store.account(user), app.store.standing(user)).await?;
    if account.is_none() {
        return Err(Problem::not_found("The account"));
    }
    let role = standing
        .as_ref()
        .map_or(PlatformRole::User, |standing| standing.platform_role);
    if principal.platform_role > role {
        return Ok(standing);
    }
    Err(Problem::forbidden(
        "Your platform role is not above theirs.",
    ))
}

async fn removed(
    app: &App,
    cx: &Context,
    user: UserId,
    by: Administrator,
    standing: Option<&UserAccess>,
) -> Result<Reply, Problem> {
    // In this order: a passkey that is added in between changes the factors.
    let factors = app.store.factors(user).await?;
    let passkeys = app.store.passkeys(user).await?;
    let account = app.store.account(user).await?;
    let account = account.ok_or_else(|| Problem::not_found("The account"))?;
    let decision = Removal {
        account: &account,
        factors: &factors,
        passkeys: &passkeys,
        standing,
    };
    app.store
        .remove_all_factors(cx, &decision, by, Reply::no_content())
        .await
}
