//! `POST /v1/invitations/{token}/accept`

use axum::extract::State;
use futures::future::try_join4;
use shared::{
    cx::Context,
    http::{Path, Reply},
    principal::Principal,
    problem::Problem,
};

use crate::{
    model::{
        email::Email,
        organization::{InvitationState, Member},
        token::InvitationToken,
    },
    problems::{ALREADY_MEMBER, EMAIL_NOT_VERIFIED, INVITATION_FOR_ANOTHER, INVITATION_GONE},
    routes::organizations::OrganizationView,
    state::App,
};

/// Accept an invitation
///
/// with the token of the mail, signed in to the account with the address that
/// it was sent to, which must be verified. Accepting it again as the same member answers the same.
#[utoipa::path(
    post, path = "/v1/invitations/{token}/accept", tag = "organizations",
    operation_id = "acceptInvitation",
    params(("token" = String, Path)),
    responses(
        (status = 200, description = "You are a member", body = OrganizationView),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`invitation-for-another-address`, `email-not-verified`"),
        (status = 404, description = "No such invitation"),
        (status = 409, description = "`already-member`, `too-many-organizations`"),
        (status = 410, description = "`invitation-gone`"),
        (status = 429, description = "`quota-exceeded`"),
    )
)]
pub async fn accept(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(token): Path<String>,
) -> Result<Reply, Problem> {
    let unknown = || Problem::not_found("The invitation");
    let token = InvitationToken::parse(&token).ok_or_else(unknown)?;
    let (id, user) = (token.organization(), principal.user_id);
    let (invitation, organization, account, before) = try_join4(
        app.store.invitation(id, token.invitation()),
        app.store.organization(id),
        app.store.account(user),
        app.store.member(id, user),
    )
    .await?;
    let invitation = invitation
        .filter(|invitation| invitation.token.matches(&token.fingerprint()))
        .ok_or_else(unknown)?;
    let account = account
        .filter(|account| account.email == invitation.email)
        .ok_or_else(|| Problem::new(&INVITATION_FOR_ANOTHER))?;
    // Links are passed on, and anybody can register with an address.
    if !account.email_verified {
        return Err(Problem::new(&EMAIL_NOT_VERIFIED));
    }
    let organization = organization.ok_or_else(|| Problem::new(&INVITATION_GONE))?;
    let now = app.clock.now();
    let member = before.as_ref().filter(|member| member.is_active());
    match (invitation.state, member) {
        // The answer to the first call was lost.
        (InvitationState::Accepted, Some(member)) if invitation.accepted_by == Some(user) => {
            return Reply::ok(&OrganizationView::new(&organization, Some(member.role)));
        }
        (InvitationState::Pending, _) if invitation.expires_at <= now => {
            return Err(Problem::new(&INVITATION_GONE).detail("The invitation expired."));
        }
        (InvitationState::Pending, Some(_)) => return Err(Problem::new(&ALREADY_MEMBER)),
        (InvitationState::Pending, None) => {}
        _ => return Err(Problem::new(&INVITATION_GONE)),
    }
    let member = Member::begin(id, user, invitation.role, now, before.as_ref());
    let address = Email::parse(&invitation.email.0).map_err(Problem::internal)?;
    let reply = Reply::ok(&OrganizationView::new(&organization, Some(member.role)))?;
    app.store
        .accept_invitation(
            &cx,
            &organization,
            &invitation,
            &address,
            &member,
            &account,
            reply,
        )
        .await
}
