//! Organisations: created, changed, deleted.
//!
//! Deleting one can be more than a transaction holds. So it is hidden first,
//! then its members and invitations go chunk by chunk, and at last itself with
//! the deleting owner's membership. What the request does not finish, the worker
//! does; the owner can repeat the request as well. Another owner may take over; a
//! run that was taken over fails at its next chunk.

use std::time::Duration;

use shared::{
    access::Membership,
    api_key::KeyOwner,
    commit::{Commit, CommitError},
    cx::Context,
    event::auth::{OrganizationCreated, OrganizationDeleted, OrganizationUpdated},
    http::Reply,
    id::{OrganizationId, UserId},
    principal::Role,
    problem::{CONFLICT, Problem},
    table::{AnyItem, Entity, Key, Query, StoreError},
};

use super::{
    Store,
    items::{self, Claim},
    members::Actor,
};
use crate::{
    model::{
        account::Account,
        organization::{Headcount, Member, MemberState, Organization, OrganizationState},
        program::Program,
    },
    problems::SLUG_TAKEN,
};

/// Members removed by one commit: four actions each, and the check.
const MEMBER_CHUNK: u32 = 22;
/// Keys and service accounts removed by one commit: up to eight actions each.
const PROGRAM_CHUNK: usize = 10;
/// Other items removed by one commit.
const ITEM_CHUNK: u32 = 80;

/// What a removal leaves for the last commit and the answer.
pub const RESERVE: Duration = Duration::from_millis(1500);

/// How far a removal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nothing is left.
    Done,
    /// It goes on another time.
    OutOfTime,
}

impl Store {
    /// An organisation that is in use.
    pub async fn organization(
        &self,
        id: OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        let found = self.organization_in_any_state(id).await?;
        Ok(found.filter(|organization| organization.state == OrganizationState::Active))
    }

    /// An organisation, also one on its way out.
    pub async fn organization_in_any_state(
        &self,
        id: OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        self.read(&items::organization(id)).await
    }

    /// Organisations to show; at most 100, missing ones left out.
    pub async fn organizations(
        &self,
        ids: &[OrganizationId],
    ) -> Result<Vec<Organization>, StoreError> {
        let keys: Vec<Key> = ids.iter().copied().map(items::organization).collect();
        let mut found: Vec<Organization> = self.table.batch_get(&keys).await?;
        found.retain(|organization| organization.state == OrganizationState::Active);
        Ok(found)
    }

    /// Creates an organisation with its first owner, and answers.
    pub async fn create_organization(
        &self,
        cx: &Context,
        new: &Organization,
        owner: &Member,
        account: &Account,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        commit
            .create(&Claim::new(items::slug(&new.slug), new.id))
            .or(slug_taken());
        commit.create(new);
        commit.create(&Headcount {
            organization_id: new.id,
            members: 1,
            owners: 1,
        });
        commit.publish(
            &OrganizationCreated {
                organization_id: new.id,
                name: new.name.clone(),
                slug: new.slug.clone(),
                event_approval: new.event_approval,
            },
            1,
        );
        self.enter(&mut commit, new, owner, account);
        commit.finish(reply).await
    }

    /// Keeps a changed organisation, and answers.
    pub async fn update_organization(
        &self,
        cx: &Context,
        before: &Organization,
        after: &Organization,
        actor: Actor,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        self.vouch(&mut commit, after.id, actor);
        if before.slug != after.slug {
            commit.delete(items::slug(&before.slug));
            commit
                .create(&Claim::new(items::slug(&after.slug), after.id))
                .or(slug_taken());
        }
        commit.replace(after);
        commit.publish(
            &OrganizationUpdated {
                organization_id: after.id,
                name: after.name.clone(),
                slug: after.slug.clone(),
                event_approval: after.event_approval,
            },
            after.version + 1,
        );
        commit.finish(reply).await
    }

    /// Hides an organisation for `owner`, who then removes it; or hands the
    /// removal to `owner` if somebody else began it.
    pub async fn begin_deletion(
        &self,
        cx: &Context,
        organization: &Organization,
        owner: UserId,
    ) -> Result<(), CommitError> {
        if organization.deleted_by == Some(owner) {
            return Ok(());
        }
        let mut commit = Commit::new(&self.table, cx);
        commit
            .check(items::member(organization.id, owner))
            .when("#state = :active AND #role = :owner")
            .bind(":active", MemberState::Active)
            .bind(":owner", Role::Owner)
            .or(Problem::forbidden(
                "Your role in the organisation has changed.",
            ));
        commit.replace(&Organization {
            state: OrganizationState::Deleting,
            deleted_by: Some(owner),
            ..organization.clone()
        });
        if organization.state == OrganizationState::Active {
            commit.publish(
                &OrganizationDeleted {
                    organization_id: organization.id,
                },
                organization.version + 1,
            );
        }
        commit.execute().await
    }

    /// Removes the next chunk of what belongs to a hidden organisation;
    /// `false` when only the owner who deletes it is left.
    pub async fn delete_chunk(
        &self,
        cx: &Context,
        id: OrganizationId,
        owner: UserId,
    ) -> Result<bool, CommitError> {
        let partition = Query::partition(items::organization_partition(id)).consistent();
        let mut commit = Commit::new(&self.table, cx);
        // What works without anybody ends first.
        for prefix in [items::API_KEY, items::SERVICE_ACCOUNT] {
            let programs = partition.clone().begins_with(prefix);
            let programs = self.table.query::<Program>(programs).await?.items;
            let left = PROGRAM_CHUNK.saturating_sub(commit.len() / 8);
            for program in programs.iter().take(left) {
                self.remove(&mut commit, program);
            }
        }
        if !commit.is_empty() {
            return self.commit_chunk(commit, id, owner).await;
        }
        let others = self.others(&partition, owner).await?;
        if others.is_empty() {
            let rest = partition.begins_with(items::INVITATIONS).limit(ITEM_CHUNK);
            let rest = self.next_of::<AnyItem>(rest, |_| true).await?;
            for item in &rest {
                commit.delete(item.key());
            }
        } else {
            self.expel(&mut commit, &others.iter().collect::<Vec<_>>())
                .await?;
        }
        if commit.is_empty() {
            return Ok(false);
        }
        self.commit_chunk(commit, id, owner).await
    }

    /// The next members but the owner, up to a chunk of them.
    async fn others(&self, partition: &Query, owner: UserId) -> Result<Vec<Member>, StoreError> {
        let members = partition
            .clone()
            .begins_with(items::MEMBER)
            .limit(MEMBER_CHUNK + 1);
        let mut others = self
            .next_of::<Member>(members, |member| member.user_id != owner)
            .await?;
        others.truncate(MEMBER_CHUNK as usize);
        Ok(others)
    }

    /// The first page that has something: what expired and is not removed yet
    /// fills pages and is not seen.
    async fn next_of<E: Entity>(
        &self,
        query: Query,
        wanted: impl Fn(&E) -> bool,
    ) -> Result<Vec<E>, StoreError> {
        let mut after = None;
        loop {
            let page = query.clone().after(after);
            let mut found = self.table.query::<E>(page).await?;
            found.items.retain(&wanted);
            if !found.items.is_empty() || found.next.is_none() {
                return Ok(found.items);
            }
            after = found.next;
        }
    }

    /// Commits a chunk while `owner` is still the one who deletes.
    async fn commit_chunk(
        &self,
        mut commit: Commit,
        id: OrganizationId,
        owner: UserId,
    ) -> Result<bool, CommitError> {
        commit
            .check(items::organization(id))
            .when("#deletedBy = :owner")
            .bind(":owner", owner)
            .or(Problem::new(&CONFLICT).detail("Another owner is deleting the organisation."));
        commit.execute().await?;
        Ok(true)
    }

    /// Removes what is left of a hidden organisation, chunk by chunk, until less
    /// than `reserve` of the time is left.
    ///
    /// # Errors
    /// [`CommitError::Condition`] if somebody else removes it at the same time.
    pub async fn remove_hidden(
        &self,
        cx: &Context,
        id: OrganizationId,
        reserve: Duration,
    ) -> Result<Removal, CommitError> {
        let Some(organization) = self.organization_in_any_state(id).await? else {
            return Ok(Removal::Done);
        };
        // Not hidden is not deleted: whatever came, it is no reason to remove it.
        let Some(owner) = organization.deleted_by else {
            return Ok(Removal::Done);
        };
        while self.delete_chunk(cx, id, owner).await? {
            if cx.remaining() < reserve {
                return Ok(Removal::OutOfTime);
            }
        }
        if let Some(owner) = self.member(id, owner).await? {
            self.finish_deletion(cx, &organization, &owner).await?;
        }
        Ok(Removal::Done)
    }

    /// Removes the emptied organisation itself and its last member.
    async fn finish_deletion(
        &self,
        cx: &Context,
        organization: &Organization,
        owner: &Member,
    ) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        commit
            .delete(items::organization(organization.id))
            .when("#deletedBy = :owner")
            .bind(":owner", owner.user_id)
            .or(Problem::new(&CONFLICT).detail("Another owner is deleting the organisation."));
        commit.delete(items::headcount(organization.id));
        commit.delete(items::program_count(KeyOwner::Organization {
            organization_id: organization.id,
            role: Role::Owner,
        }));
        commit.delete(items::slug(&organization.slug));
        self.expel(&mut commit, &[owner]).await?;
        commit.execute().await
    }

    /// Takes members out of an organisation that goes, with nothing left behind.
    async fn expel(&self, commit: &mut Commit, members: &[&Member]) -> Result<(), StoreError> {
        let ids: Vec<UserId> = members.iter().map(|member| member.user_id).collect();
        let accounts = self.accounts(&ids).await?;
        for member in members {
            let (organization, user) = (member.organization_id, member.user_id);
            commit
                .delete(items::member(organization, user))
                .when("#version = :version")
                .bind(":version", member.version);
            if !member.is_active() {
                continue;
            }
            commit
                .within(&self.access)
                .delete(Membership::key_of(user, organization));
            commit
                .update(items::membership_count(user))
                .add("organizations", -1);
            let account = accounts.iter().find(|account| account.id == user);
            if let Some(account) = account {
                forget_default(commit, account, organization);
            }
        }
        Ok(())
    }
}

/// Tokens no longer name an organisation that the user left.
pub(super) fn forget_default(commit: &mut Commit, account: &Account, left: OrganizationId) {
    if account.default_organization_id == Some(left) {
        commit
            .update(items::account(account.id))
            .remove("defaultOrganizationId")
            .when("#defaultOrganizationId = :left")
            .bind(":left", left);
    }
}

fn slug_taken() -> Problem {
    Problem::new(&SLUG_TAKEN).error("/slug", "taken", "another organisation has this slug")
}
