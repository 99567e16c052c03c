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
        invitation::{Invitation, InvitationState},
        organization::Member,
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
    let invitation = app
        .store
        .invitation(token.organization(), token.invitation())
        .await?
        .filter(|invitation| invitation.to.opens(&token.fingerprint()))
        .ok_or_else(unknown)?;
    join(&app, &cx, &principal, &invitation).await
}

/// Makes the caller a member by an invitation.
pub(super) async fn join(
    app: &App,
    cx: &Context,
    principal: &Principal,
    invitation: &Invitation,
) -> Result<Reply, Problem> {
    let (id, user) = (invitation.organization_id, principal.user_id);
    let (organization, account, before, inviter) = try_join4(
        app.store.organization(id),
        app.store.account(user),
        app.store.member(id, user),
        app.store.inviter(invitation),
    )
    .await?;
    let account = account
        .filter(|account| invitation.to.is(account))
        .ok_or_else(|| Problem::new(&INVITATION_FOR_ANOTHER))?;
    let gone = |detail: &str| Problem::new(&INVITATION_GONE).detail(detail);
    let organization = organization.ok_or_else(|| Problem::new(&INVITATION_GONE))?;
    let now = app.clock.now();
    let member = before.as_ref().filter(|member| member.is_active());
    match (invitation.state, member) {
        // The answer to the first call was lost.
        (InvitationState::Accepted, Some(member)) if invitation.accepted_by == Some(user) => {
            return Reply::ok(&OrganizationView::new(&organization, Some(member.role)));
        }
        (InvitationState::Pending, _) if invitation.expires_at <= now => {
            return Err(gone("The invitation expired."));
        }
        (InvitationState::Pending, Some(_)) => return Err(Problem::new(&ALREADY_MEMBER)),
        (InvitationState::Pending, None) => {}
        _ => return Err(Problem::new(&INVITATION_GONE)),
    }
    // Nobody comes back by an invitation of their own.
    let inviter = inviter
        .filter(|inviter| inviter.user_id != user)
        .ok_or_else(|| gone("Who sent it may not invite any more."))?;
    // Links are passed on, and anybody can register with an address.
    if invitation.to.user().is_none() && !account.email_verified {
        return Err(Problem::new(&EMAIL_NOT_VERIFIED));
    }
    let member = Member::begin(id, user, invitation.role, now, before.as_ref());
    let reply = Reply::ok(&OrganizationView::new(&organization, Some(member.role)))?;
    app.store
        .accept_invitation(
            cx,
            &organization,
            invitation,
            inviter,
            &member,
            &account,
            reply,
        )
        .await
}
