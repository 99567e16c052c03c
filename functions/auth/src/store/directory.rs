//! Accounts as administrators find them: by guard items, and in index partitions
//! of the newest, of those with a role and of those who are suspended.

use shared::{
    id::UserId,
    page::PageRequest,
    principal::PlatformRole,
    table::{Found, Index, Key, Query, StoreError},
};

use super::{Store, items, items::Claim};
use crate::model::{
    account::Account,
    administration::{Administration, ExternalId},
};

/// Whom a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// Everybody, the newest first.
    Everybody,
    /// Who has this role on the platform.
    Role(PlatformRole),
    /// Who is suspended.
    Suspended,
    /// Whose account is to be deleted.
    Deleting,
}

impl Store {
    /// The account that an identity elsewhere belongs to.
    pub async fn account_of_external(
        &self,
        id: &ExternalId,
    ) -> Result<Option<Account>, StoreError> {
        match self.read::<Claim<UserId>>(&items::external(id)).await? {
            Some(claim) => self.account(claim.owner).await,
            None => Ok(None),
        }
    }

    /// What was decided about these accounts; at most 100, for lists.
    pub async fn administrations(&self, ids: &[UserId]) -> Result<Vec<Administration>, StoreError> {
        let keys: Vec<Key> = ids.iter().copied().map(items::administration).collect();
        self.table.batch_get(&keys).await
    }

    /// A page of accounts with what was decided about each.
    pub async fn crowd(
        &self,
        crowd: Crowd,
        page: &PageRequest,
    ) -> Result<Found<(Account, Administration)>, StoreError> {
        let query = |partition: String, index| {
            Query::partition(partition)
                .index(index)
                .descending()
                .limit(page.limit)
                .after(page.position())
        };
        match crowd {
            Crowd::Everybody => {
                let query = query(items::USERS.to_owned(), Index::Gsi1);
                let found = self.table.query::<Account>(query).await?;
                let ids: Vec<UserId> = found.items.iter().map(|account| account.id).collect();
                let decided = self.administrations(&ids).await?;
                Ok(found.paired(|account| {
                    let record = decided.iter().find(|one| one.user_id == account.id);
                    let none = || Administration::none(account.id);
                    let record = record.cloned().unwrap_or_else(none);
                    Some((account, record))
                }))
            }
            Crowd::Role(role) => self.decided(query(items::role(role), Index::Gsi1)).await,
            Crowd::Suspended => {
                let query = query(items::SUSPENDED.to_owned(), Index::Gsi2);
                self.decided(query).await
            }
            Crowd::Deleting => {
                let query = query(items::DELETING.to_owned(), Index::Gsi2);
                self.decided(query).await
            }
        }
    }

    async fn decided(&self, query: Query) -> Result<Found<(Account, Administration)>, StoreError> {
        let found = self.table.query::<Administration>(query).await?;
        let ids: Vec<UserId> = found.items.iter().map(|record| record.user_id).collect();
        let accounts = self.accounts(&ids).await?;
        Ok(found.paired(|record| {
            let account = accounts.iter().find(|one| one.id == record.user_id);
            Some((account?.clone(), record))
        }))
    }
}

trait Paired<E> {
    /// The same page with something else for each item, or without it.
    fn paired<T>(self, with: impl FnMut(E) -> Option<T>) -> Found<T>;
}

impl<E> Paired<E> for Found<E> {
    fn paired<T>(self, with: impl FnMut(E) -> Option<T>) -> Found<T> {
        Found {
            items: self.items.into_iter().filter_map(with).collect(),
            next: self.next,
        }
    }
}
