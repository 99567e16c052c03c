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
        organization::{INVITATION_LIFE, Invitation, InvitationState},
        token::InvitationToken,
    },
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
/// days, once, for the account with that address. Needs `members.manage`, and a
/// role that is not below the one offered.
#[utoipa::path(
    post, path = "/v1/organizations/{organizationId}/invitations", tag = "organizations",
    operation_id = "createInvitation",
    params(("organizationId" = OrganizationId, Path)),
    request_body = Invite,
    responses(
        (status = 201, description = "Invited", body = InvitationView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "No such organisation, or you are no member"),
        (status = 409, description = "`already-invited`"),
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
    let address = Email::parse(&body.email)
        .map_err(|error| Problem::invalid("/email", "malformed", error.to_string()))?;
    let token = InvitationToken::new(id, InvitationId::new()).map_err(Problem::internal)?;
    let now = app.clock.now();
    let invitation = Invitation {
        id: token.invitation(),
        organization_id: id,
        version: 0,
        email: Address(address.as_str().to_owned()),
        role: body.role,
        invited_by: principal.user_id,
        state: InvitationState::Pending,
        accepted_by: None,
        token: token.fingerprint(),
        created_at: now,
        expires_at: now + INVITATION_LIFE,
    };
    // The inviter never sees the token: only the mail carries it.
    let sealed = app
        .sealer
        .seal(Purpose::Mail, token.reveal().as_bytes())
        .await;
    let sealed = base64url(sealed.map_err(unavailable)?);
    let location = format!("/v1/organizations/{id}/invitations/{}", invitation.id);
    let reply = Reply::created(&InvitationView::new(&invitation, now), &location)?;
    app.store
        .invite(
            &cx,
            &seat.organization,
            &invitation,
            &address,
            sealed,
            seat.actor,
            reply,
        )
        .await
}
