//! Invitations: one open at a time for each address or user, few a day, accepted
//! once; those by mail are known by the token's hash.

use futures::future::try_join;
use jiff::{SignedDuration, Timestamp};
use shared::{
    commit::Commit,
    cx::Context,
    event::{
        accounts::{
            OrganizationInvitationAccepted, OrganizationInvitationDeclined,
            OrganizationInvitationRevoked,
        },
        auth::OrganizationInvitationCreated,
    },
    http::Reply,
    id::{InvitationId, OrganizationId},
    page::PageRequest,
    principal::{Permission, PlatformRole},
    problem::Problem,
    table::{Found, Query, StoreError},
};

use super::{
    Store, items,
    members::{Actor, still_there},
};
use crate::{
    model::{
        account::Account,
        email::Email,
        invitation::{INVITATIONS_A_DAY, Invitation, InvitationState, Invited, Invitee},
        organization::{Member, Organization},
    },
    problems::{ALREADY_INVITED, INVITATION_GONE, TOO_MANY_INVITATIONS},
};

/// The counts of a day are kept until no clock can still mean it.
const SENT_KEPT: SignedDuration = SignedDuration::from_hours(48);

impl Store {
    /// An invitation.
    pub async fn invitation(
        &self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError> {
        self.read(&items::invitation(organization, id)).await
    }

    /// A page of an organisation's invitations, the newest first.
    pub async fn invitations(
        &self,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Found<Invitation>, StoreError> {
        let query = Query::partition(items::organization_partition(organization))
            .begins_with(items::INVITATION)
            .descending()
            .limit(page.limit)
            .after(page.position());
        self.table.query(query).await
    }

    /// Keeps a new invitation, has whom it is for told, and answers. Of one to
    /// an address, the sealed token goes to the mail.
    ///
    /// # Errors
    /// `already-invited` while another is open, and for a while after one was
    /// withdrawn or declined; `too-many-invitations`.
    pub async fn invite(
        &self,
        cx: &Context,
        organization: &Organization,
        new: &Invitation,
        sealed_token: Option<String>,
        actor: Actor,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let whom = whom(&new.to)?;
        let before = self.invited(new.organization_id, &whom).await?;
        let mut commit = Commit::new(&self.table, cx);
        let now = commit.now();
        if let Some(before) = before.as_ref().filter(|before| before.until > now) {
            return Err(not_yet(before, now));
        }
        still_there(&mut commit, organization.id);
        self.vouch(&mut commit, organization.id, actor);
        let invited = Invited::by(new, whom, before.as_ref());
        let claim = match before {
            None => commit.create(&invited),
            Some(_) => commit.replace(&invited),
        };
        claim.or(Problem::new(&ALREADY_INVITED));
        commit.create(new);
        for partition in [
            items::organization_partition(organization.id),
            items::user(actor.user_id),
        ] {
            commit
                .update(items::invitations_sent(partition, now))
                .add("sent", 1)
                .until(now + SENT_KEPT)
                .when("(attribute_not_exists(#sent) OR #sent < :most)")
                .bind(":most", INVITATIONS_A_DAY)
                .or(Problem::new(&TOO_MANY_INVITATIONS));
        }
        commit.publish(
            &OrganizationInvitationCreated {
                invitation_id: new.id,
                organization_id: organization.id,
                organization_name: organization.name.clone(),
                user_id: new.to.user(),
                email: new.to.email().map(str::to_owned),
                role: new.role,
                sealed_token,
                expires_at: new.expires_at,
            },
            1,
        );
        commit.finish(reply).await
    }

    /// Withdraws an open invitation, and answers.
    pub async fn revoke_invitation(
        &self,
        cx: &Context,
        invitation: &Invitation,
        actor: Actor,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.turn_down(&mut commit, invitation, InvitationState::Revoked)
            .await?;
        self.vouch(&mut commit, invitation.organization_id, actor);
        commit.publish(
            &OrganizationInvitationRevoked {
                invitation_id: invitation.id,
                organization_id: invitation.organization_id,
            },
            invitation.version + 1,
        );
        commit.finish(reply).await
    }

    /// Notes that whom it is for does not want it, and answers.
    pub async fn decline_invitation(
        &self,
        cx: &Context,
        invitation: &Invitation,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.turn_down(&mut commit, invitation, InvitationState::Declined)
            .await?;
        commit.publish(
            &OrganizationInvitationDeclined {
                invitation_id: invitation.id,
                organization_id: invitation.organization_id,
            },
            invitation.version + 1,
        );
        commit.finish(reply).await
    }

    /// By which right an invitation still stands: that of who sent it. `None`
    /// if they could not send it now.
    pub async fn inviter(&self, invitation: &Invitation) -> Result<Option<Actor>, StoreError> {
        let user_id = invitation.invited_by;
        let (member, standing) = try_join(
            self.member(invitation.organization_id, user_id),
            self.standing(user_id),
        )
        .await?;
        if standing.as_ref().is_some_and(|one| one.suspended) {
            return Ok(None);
        }
        let everywhere = standing.is_some_and(|one| one.platform_role >= PlatformRole::Admin);
        let role = member.filter(Member::is_active).map(|member| member.role);
        let actor = |role| Actor {
            user_id,
            role,
            machine: None,
        };
        Ok(role
            .filter(|role| role.permits(Permission::MembersManage))
            .map(|role| actor(Some(role)))
            .filter(|actor| actor.reaches(invitation.role))
            .or_else(|| everywhere.then(|| actor(None))))
    }

    /// Makes the invited person a member, once, and answers; `inviter` must
    /// still have the right to invite.
    #[allow(clippy::too_many_arguments)] // one commit, each part named
    pub async fn accept_invitation(
        &self,
        cx: &Context,
        organization: &Organization,
        invitation: &Invitation,
        inviter: Actor,
        member: &Member,
        account: &Account,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        close(
            &mut commit,
            invitation,
            InvitationState::Accepted,
            Some(account),
        );
        let key = items::invited(invitation.organization_id, &whom(&invitation.to)?);
        commit
            .delete(key)
            .when("(attribute_not_exists(#pk) OR #owner = :invitation)")
            .bind(":invitation", invitation.id);
        self.vouch(&mut commit, organization.id, inviter);
        self.join(&mut commit, organization, member, account);
        commit.publish(
            &OrganizationInvitationAccepted {
                invitation_id: invitation.id,
                organization_id: organization.id,
                user_id: account.id,
                role: member.role,
            },
            invitation.version + 1,
        );
        commit.finish(reply).await
    }

    async fn invited(
        &self,
        organization: OrganizationId,
        whom: &str,
    ) -> Result<Option<Invited>, StoreError> {
        self.read(&items::invited(organization, whom)).await
    }

    /// Closes an invitation that nobody accepted; for a while there is no other.
    async fn turn_down(
        &self,
        commit: &mut Commit,
        invitation: &Invitation,
        state: InvitationState,
    ) -> Result<(), Problem> {
        close(commit, invitation, state, None);
        let organization = invitation.organization_id;
        let invited = self.invited(organization, &whom(&invitation.to)?).await?;
        // Once it expired, there may be a newer one: leave that.
        if let Some(invited) = invited.filter(|invited| invited.owner == invitation.id) {
            let declined = state == InvitationState::Declined;
            commit
                .replace(&invited.close(declined, commit.now()))
                .or(Problem::new(&INVITATION_GONE));
        }
        Ok(())
    }
}

/// An address by its hash, so that no key holds one; a user by id.
fn whom(to: &Invitee) -> Result<String, Problem> {
    match to {
        Invitee::Address { email, .. } => Email::parse(&email.0)
            .map(|email| email.fingerprint())
            .map_err(Problem::internal),
        Invitee::User { user_id } => Ok(user_id.to_string()),
    }
}

fn not_yet(before: &Invited, now: Timestamp) -> Problem {
    let problem = Problem::new(&ALREADY_INVITED);
    if before.open {
        return problem;
    }
    let wait = (before.until - now).get_seconds().max(1);
    problem
        .detail("The last invitation was withdrawn or declined. Wait before you send another.")
        .header(http::header::RETRY_AFTER, &wait.to_string())
}

fn close(
    commit: &mut Commit,
    invitation: &Invitation,
    state: InvitationState,
    by: Option<&Account>,
) {
    commit
        .replace(&Invitation {
            state,
            accepted_by: by.map(|account| account.id),
            ..invitation.clone()
        })
        .or(Problem::new(&INVITATION_GONE));
}
