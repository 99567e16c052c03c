//! Memberships: the roles that every group reads from the table `access`.

use shared::{
    access::{Membership, UserAccess},
    api_key::KeyOwner,
    commit::{Commit, CommitError},
    cx::Context,
    event::auth::{OrganizationMemberAdded, OrganizationMemberChanged, OrganizationMemberRemoved},
    http::Reply,
    id::{OrganizationId, UserId},
    page::PageRequest,
    principal::{Machine, PlatformRole, Role},
    problem::{CONFLICT, Problem},
    table::{Found, Query, StoreError, Table},
};

use super::{Store, items, organizations::forget_default};
use crate::{
    model::{
        account::Account,
        organization::{
            Headcount, MAX_MEMBERSHIPS, Member, MemberState, Organization, OrganizationState,
        },
        program::ProgramId,
        role::reaches,
    },
    problems::{ALREADY_MEMBER, LAST_OWNER, TOO_MANY_ORGANIZATIONS},
};

/// Who changes something in an organisation, by which role. The role is read
/// within seconds, so the commit looks again: a demoted administrator cannot
/// use the last moments.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    /// Who.
    pub user_id: UserId,
    /// Their role there; `None` for administrators of the platform.
    pub role: Option<Role>,
    /// The program that acts, if no person does.
    pub machine: Option<Machine>,
}

impl Actor {
    /// Whether the actor may give, change or take away a role.
    pub fn reaches(self, role: Role) -> bool {
        self.role.is_none_or(|own| reaches(own, role))
    }
}

impl Store {
    /// Somebody's membership, also one that ended lately.
    pub async fn member(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        self.read(&items::member(organization, user)).await
    }

    /// A page of an organisation's members, in the order of their accounts.
    pub async fn members(
        &self,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Found<Member>, StoreError> {
        let query = Query::partition(items::organization_partition(organization))
            .begins_with(items::MEMBER)
            .limit(page.limit)
            .after(page.position());
        let mut found = self.table.query::<Member>(query).await?;
        found.items.retain(Member::is_active);
        Ok(found)
    }

    /// A page of a user's memberships.
    pub async fn memberships(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Found<Membership>, StoreError> {
        self.access
            .query(
                Membership::all_of(user)
                    .limit(page.limit)
                    .after(page.position()),
            )
            .await
    }

    /// All of a user's memberships: at most [`MAX_MEMBERSHIPS`].
    pub async fn all_memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        self.access.query_all(Membership::all_of(user)).await
    }

    /// Gives a member another role, and answers.
    pub async fn change_member(
        &self,
        cx: &Context,
        organization: &Organization,
        before: &Member,
        after: &Member,
        actor: Actor,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let own = actor.role.filter(|_| actor.user_id == after.user_id);
        // What is replaced is what the right was read from.
        if own.is_some_and(|role| role != before.role) {
            return Err(Problem::new(&CONFLICT).detail("Your role has changed in between."));
        }
        let mut commit = Commit::new(&self.table, cx);
        self.give_role(&mut commit, organization, before, after);
        if own.is_none() {
            self.vouch(&mut commit, organization.id, actor);
        }
        commit.finish(reply).await
    }

    /// Makes a member an owner whom nobody appoints: the only one leaves.
    pub(super) async fn promote(
        &self,
        cx: &Context,
        organization: &Organization,
        before: &Member,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        let after = before.with_role(Role::Owner, commit.now());
        self.give_role(&mut commit, organization, before, &after);
        commit.execute().await
    }

    fn give_role(
        &self,
        commit: &mut Commit,
        organization: &Organization,
        before: &Member,
        after: &Member,
    ) {
        commit.replace(after);
        commit.within(&self.access).put(&membership(after));
        count_owners(commit, before, is_owner(after) - is_owner(before), 0);
        still_there(commit, organization.id);
        commit.publish(
            &OrganizationMemberChanged {
                organization_id: organization.id,
                organization_name: organization.name.clone(),
                user_id: after.user_id,
                role: after.role,
            },
            after.sequence,
        );
    }

    /// How many owners an organisation has.
    pub(super) async fn owners(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        let count: Option<Headcount> = self.read(&items::headcount(organization)).await?;
        Ok(count.map_or(0, |count| count.owners))
    }

    /// Takes a member out, and answers.
    pub async fn remove_member(
        &self,
        cx: &Context,
        member: &Member,
        account: Option<&Account>,
        actor: Actor,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.take_out_member(&mut commit, member, account);
        if actor.user_id != member.user_id {
            self.vouch(&mut commit, member.organization_id, actor);
        }
        commit.finish(reply).await
    }

    pub(super) fn take_out_member(
        &self,
        commit: &mut Commit,
        member: &Member,
        account: Option<&Account>,
    ) {
        let gone = member.removed(commit.now());
        let (organization, user) = (member.organization_id, member.user_id);
        commit.replace(&gone);
        commit
            .within(&self.access)
            .delete(Membership::key_of(user, organization));
        count_owners(commit, member, -is_owner(member), -1);
        still_there(commit, organization);
        commit
            .update(items::membership_count(user))
            .add("organizations", -1);
        if let Some(account) = account {
            forget_default(commit, account, organization);
        }
        commit.publish(
            &OrganizationMemberRemoved {
                organization_id: organization,
                user_id: user,
            },
            gone.sequence,
        );
    }

    /// The actor still has the role that allowed this.
    pub(super) fn vouch(&self, commit: &mut Commit, organization: OrganizationId, actor: Actor) {
        let Some(role) = actor.role else {
            vouch_for_administrator(commit, &self.access, actor.user_id);
            return;
        };
        let check = match actor.machine.map(ProgramId::from) {
            None => commit
                .check(items::member(organization, actor.user_id))
                .when("#state = :active AND #role = :role")
                .bind(":active", MemberState::Active),
            Some(id) => commit
                .check(items::program(
                    KeyOwner::Organization {
                        organization_id: organization,
                        role,
                    },
                    id,
                ))
                .when("#owner.#role = :role"),
        };
        check.bind(":role", role).or(Problem::forbidden(
            "Your role in the organisation has changed.",
        ));
    }

    /// Puts a member into an organisation that exists already.
    pub(super) fn join(
        &self,
        commit: &mut Commit,
        organization: &Organization,
        member: &Member,
        account: &Account,
    ) {
        still_there(commit, organization.id);
        count_owners(commit, member, is_owner(member), 1);
        self.enter(commit, organization, member, account);
    }

    /// What every new membership writes, that of a founder too.
    pub(super) fn enter(
        &self,
        commit: &mut Commit,
        organization: &Organization,
        member: &Member,
        account: &Account,
    ) {
        let action = if member.version == 0 {
            commit.create(member)
        } else {
            commit.replace(member)
        };
        action.or(Problem::new(&ALREADY_MEMBER));
        commit.within(&self.access).put(&membership(member));
        commit
            .update(items::membership_count(member.user_id))
            .add("organizations", 1)
            .when("(attribute_not_exists(#organizations) OR #organizations < :most)")
            .bind(":most", MAX_MEMBERSHIPS)
            .or(Problem::new(&TOO_MANY_ORGANIZATIONS));
        let nobody = Problem::not_found("The user");
        if account.default_organization_id.is_none() {
            commit
                .update(items::account(account.id))
                .set("defaultOrganizationId", organization.id)
                .when("attribute_exists(#pk)")
                .or(nobody);
        } else {
            commit
                .check(items::account(account.id))
                .when("attribute_exists(#pk)")
                .or(nobody);
        }
        commit.publish(
            &OrganizationMemberAdded {
                organization_id: organization.id,
                organization_name: organization.name.clone(),
                user_id: member.user_id,
                role: member.role,
            },
            member.sequence,
        );
    }
}

fn membership(member: &Member) -> Membership {
    Membership {
        user_id: member.user_id,
        organization_id: member.organization_id,
        role: member.role,
    }
}

fn is_owner(member: &Member) -> i64 {
    i64::from(member.role == Role::Owner)
}

/// Keeps the headcount; the last owner stays one.
fn count_owners(commit: &mut Commit, member: &Member, owners: i64, members: i64) {
    if owners == 0 && members == 0 {
        return;
    }
    let headcount = commit.update(items::headcount(member.organization_id));
    headcount.when("attribute_exists(#pk)");
    if members != 0 {
        headcount.add("members", members);
    }
    if owners != 0 {
        headcount.add("owners", owners);
    }
    if owners < 0 {
        headcount
            .when("#owners > :one")
            .bind(":one", 1)
            .or(Problem::new(&LAST_OWNER));
    }
}

/// An organisation that is being deleted takes no more changes.
pub(super) fn still_there(commit: &mut Commit, organization: OrganizationId) {
    commit
        .check(items::organization(organization))
        .when("#state = :in_use")
        .bind(":in_use", OrganizationState::Active)
        .or(Problem::not_found("The organisation"));
}

/// Whoever acts everywhere still administers the platform.
fn vouch_for_administrator(commit: &mut Commit, access: &Table, user: UserId) {
    commit
        .within(access)
        .check(UserAccess::key_of(user))
        .when("#platformRole IN (:admin, :owner) AND #suspended = :no")
        .bind(":admin", PlatformRole::Admin)
        .bind(":owner", PlatformRole::Owner)
        .bind(":no", false)
        .or(Problem::forbidden("Your role on the platform has changed."));
}
