//! Everything of one person, for the copy that they asked for.

use shared::id::UserId;
use shared::table::{Index, Query, StoreError};

use super::{Store, hash_of, mails_of_user, mails_to_address, memberships, user};
use crate::model::{Invited, Mail, Member, Notification};

impl Store {
    /// The whole inbox, the oldest first.
    pub async fn all_entries(&self, owner: UserId) -> Result<Vec<Notification>, StoreError> {
        let query = Query::partition(user(owner)).begins_with("NTF#");
        self.table.query_all(query.consistent()).await
    }

    /// What was written for a person's calendar.
    pub async fn all_invited(&self, owner: UserId) -> Result<Vec<Invited>, StoreError> {
        let query = Query::partition(user(owner)).begins_with("INVITED#");
        self.table.query_all(query.consistent()).await
    }

    /// The e-mails to a person, and the letters to their address.
    pub async fn all_mails(
        &self,
        owner: UserId,
        email: Option<&str>,
    ) -> Result<Vec<Mail>, StoreError> {
        let mut mails = Vec::new();
        let to_address = email.map(|email| mails_to_address(&hash_of(email)));
        for partition in [Some(mails_of_user(owner)), to_address]
            .into_iter()
            .flatten()
        {
            let query = Query::partition(partition).index(Index::Gsi2);
            mails.extend(self.table.query_all::<Mail>(query).await?);
        }
        mails.sort_by_key(|mail| mail.created_at);
        Ok(mails)
    }

    /// Where a person belongs, or belonged.
    pub async fn all_memberships(&self, of: UserId) -> Result<Vec<Member>, StoreError> {
        let query = Query::partition(memberships(of)).index(Index::Gsi2);
        self.table.query_all(query).await
    }
}
