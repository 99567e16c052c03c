//! Invitations: bound to an address, accepted once, known by the token's hash.

use shared::{
    commit::Commit,
    cx::Context,
    event::{
        accounts::{OrganizationInvitationAccepted, OrganizationInvitationRevoked},
        auth::OrganizationInvitationCreated,
    },
    http::Reply,
    id::{InvitationId, OrganizationId},
    page::PageRequest,
    problem::Problem,
    table::{Found, Query, StoreError},
};

use super::{
    Store, items,
    members::{Actor, still_there, vouch},
};
use crate::{
    model::{
        account::Account,
        email::Email,
        organization::{Invitation, InvitationState, Member, Organization},
    },
    problems::{ALREADY_INVITED, INVITATION_GONE},
};

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

    /// Keeps a new invitation, hands its sealed token to the mail, and answers.
    #[allow(clippy::too_many_arguments)] // one commit, each part named
    pub async fn invite(
        &self,
        cx: &Context,
        organization: &Organization,
        new: &Invitation,
        address: &Email,
        sealed_token: String,
        actor: Actor,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        still_there(&mut commit, organization.id);
        vouch(&mut commit, organization.id, actor);
        commit
            .create(&items::open_invitation(new, address))
            .or(Problem::new(&ALREADY_INVITED));
        commit.create(new);
        commit.publish(
            &OrganizationInvitationCreated {
                invitation_id: new.id,
                organization_id: organization.id,
                organization_name: organization.name.clone(),
                email: address.as_str().to_owned(),
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
        address: &Email,
        actor: Actor,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        close(
            &mut commit,
            invitation,
            address,
            InvitationState::Revoked,
            None,
        );
        vouch(&mut commit, invitation.organization_id, actor);
        commit.publish(
            &OrganizationInvitationRevoked {
                invitation_id: invitation.id,
                organization_id: invitation.organization_id,
            },
            invitation.version + 1,
        );
        commit.finish(reply).await
    }

    /// Makes the invited person a member, once, and answers.
    #[allow(clippy::too_many_arguments)] // one commit, each part named
    pub async fn accept_invitation(
        &self,
        cx: &Context,
        organization: &Organization,
        invitation: &Invitation,
        address: &Email,
        member: &Member,
        account: &Account,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        close(
            &mut commit,
            invitation,
            address,
            InvitationState::Accepted,
            Some(account),
        );
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
}

fn close(
    commit: &mut Commit,
    invitation: &Invitation,
    address: &Email,
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
    // Once it expired, the address may have a newer invitation: leave that.
    if invitation.expires_at > commit.now() {
        commit
            .delete(items::invited(invitation.organization_id, address))
            .when("(attribute_not_exists(#pk) OR #owner = :invitation)")
            .bind(":invitation", invitation.id);
    }
}
