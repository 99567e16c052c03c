//! `POST /v1/organizations/{organizationId}/invitations`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    cx::Context,
    digest::base64url,
    http::{Json, Path, Reply},
    id::{InvitationId, OrganizationId},
    principal::{Permission, Principal, Role},
    problem::Problem,
};
use utoipa::ToSchema;

use super::InvitationView;
use crate::{
    keyring::unavailable,
    model::{
        account::Address,
        email::Email,
        invitation::{Invitation, Invitee},
        token::InvitationToken,
    },
    problems::EMAIL_NOT_VERIFIED,
    routes::organizations::Seat,
    sealer::Purpose,
    state::App,
};

/// Whom to invite, as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invite {
    #[schema(format = Email, example = "grace@example.org")]
    email: String,
    role: Role,
}

/// Invite somebody
///
/// by e-mail, whether or not they have an account yet. The link works for 7
/// days, once, for the account with that address. Needs `members.manage`, a
/// role that is not below the one offered, and a verified address of your own;
/// to offer `owner` or `admin`, a proof in the last ten minutes. After an
/// invitation was withdrawn there is a pause before the next to that address.
#[utoipa::path(
    post, path = "/v1/organizations/{organizationId}/invitations", tag = "organizations",
    operation_id = "createInvitation",
    params(("organizationId" = OrganizationId, Path)),
    request_body = Invite,
    responses(
        (status = 201, description = "Invited", body = InvitationView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `email-not-verified`, `step-up-required`"),
        (status = 404, description = "No such organisation, or you are no member"),
        (status = 409, description = "`already-invited`"),
        (status = 429, description = "`quota-exceeded`, `too-many-invitations`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<OrganizationId>,
    Json(body): Json<Invite>,
) -> Result<Reply, Problem> {
    let seat = Seat::with(&app, &principal, id, Permission::MembersManage).await?;
    seat.require_reach(body.role)?;
    require_verified(&app, &principal).await?;
    app.require_fresh_to_grant(&principal, body.role).await?;
    let address = Email::parse(&body.email)
        .map_err(|error| Problem::invalid("/email", "malformed", error.to_string()))?;
    let token = InvitationToken::new(id, InvitationId::new()).map_err(Problem::internal)?;
    let now = app.clock.now();
    let to = Invitee::Address {
        email: Address(address.as_str().to_owned()),
        token: token.fingerprint(),
    };
    let new = token.invitation();
    let invitation = Invitation::new(new, id, to, body.role, principal.user_id, now);
    // The inviter never sees the token: only the mail carries it.
    let sealed = app
        .sealer
        .seal(Purpose::Mail, token.reveal().as_bytes())
        .await;
    let sealed = base64url(sealed.map_err(unavailable)?);
    let location = format!("/v1/organizations/{id}/invitations/{}", invitation.id);
    let reply = Reply::created(&InvitationView::new(&invitation, now), &location)?;
    let organization = &seat.organization;
    app.store
        .invite(
            &cx,
            organization,
            &invitation,
            Some(sealed),
            seat.actor,
            reply,
        )
        .await
}

/// Letters to strangers are sent for people whose own address is known.
async fn require_verified(app: &App, principal: &Principal) -> Result<(), Problem> {
    let account = app.store.account(principal.user_id).await?;
    if account.is_some_and(|account| account.email_verified) {
        return Ok(());
    }
    Err(Problem::new(&EMAIL_NOT_VERIFIED))
}
