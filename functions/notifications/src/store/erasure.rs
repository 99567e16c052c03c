//! What becomes of everything here when somebody's account is gone:
//!
//! | item | what becomes of it |
//! |---|---|
//! | entries, groups, inbox with its counts | erased |
//! | preferences, recipient (name, address, key of unsubscribing) | erased, last of all: the address leads to the letters |
//! | states of calendars, by user and by address | erased |
//! | e-mails and records that an event was handled, to the user | erased; waiting ones are never sent |
//! | letters to the address | kept as records without address and secrets until they expire, so that an event that comes again sends nothing again; waiting ones are never sent |
//! | refused address | erased |
//! | memberships | erased |
//! | names in what others were told | are not kept there: an entry has the id, and the name is looked up |
//! | letters to an address that the account had before, or never proved | expire 35 days after they were written: it may be somebody else's |
//! | outbox, stored replies | expire within days |
//!
//! A tombstone keeps out what comes late: whatever creates something of a person
//! does so on the condition that it is not there. What is found by an index may
//! have been erased already; then the portion fails and comes again, so that
//! nothing is counted twice.

use jiff::Timestamp;
use shared::commit::CommitError;
use shared::cx::Context;
use shared::event::operations::UserDeleted;
use shared::id::UserId;
use shared::personal::Erasure;
use shared::table::{AnyItem, Entity, Index, Key, Query};
use shared::worker::WorkerError;

use super::inbox::race;
use super::{
    Store, address_partition, hash_of, mails_of_user, mails_to_address, memberships, user,
};
use crate::model::{Mail, Recipient};

/// So many items of an index are erased by one commit.
const PORTION: u32 = 90;

impl Store {
    /// Erases everything of somebody whose account is gone, as far as time
    /// allows; the next delivery goes on, and after the last it does nothing.
    pub async fn erase(
        &self,
        cx: &Context,
        deleted: &UserDeleted,
        at: Timestamp,
    ) -> Result<(), WorkerError> {
        let begun = Erasure::begin(&self.table, cx, "notifications", deleted, at).await;
        let Some(mut erasure) = begun.map_err(later)? else {
            return Ok(());
        };
        self.erase_all(&mut erasure).await?;
        erasure.finish().await.map_err(later)
    }

    async fn erase_all(&self, erasure: &mut Erasure<'_>) -> Result<(), WorkerError> {
        let id = erasure.user();
        for (what, prefix) in [
            ("notifications", "NTF#"),
            ("groups", "GROUP#"),
            ("calendars", "INVITED#"),
        ] {
            let query = Query::partition(user(id)).begins_with(prefix);
            erasure.sweep(what, query).await.map_err(later)?;
        }
        self.erase_indexed(erasure, "mails", mails_of_user(id))
            .await?;
        self.erase_indexed(erasure, "memberships", memberships(id))
            .await?;
        let recipient = self.recipient(id).await?;
        // Of an address that nobody proved, what is kept is not theirs.
        if let Some(email) = recipient.as_ref().and_then(Recipient::own_address) {
            let hash = hash_of(email);
            self.erase_letters(erasure, &hash).await?;
            let query = Query::partition(address_partition(&hash));
            erasure.sweep("addresses", query).await.map_err(later)?;
        }
        let rest = Query::partition(user(id));
        erasure.sweep("settings", rest).await.map_err(later)
    }

    async fn erase_indexed(
        &self,
        erasure: &mut Erasure<'_>,
        what: &str,
        partition: String,
    ) -> Result<(), WorkerError> {
        let mut after = None;
        loop {
            let query = Query::partition(partition.clone()).index(Index::Gsi2);
            let query = query.limit(PORTION).after(after);
            let found = self.table.query::<AnyItem>(query).await?;
            let keys: Vec<Key> = found.items.iter().map(Entity::key).collect();
            if !keys.is_empty() {
                let number = keys.len();
                let portion = erasure.portion(what, number, |commit| {
                    for key in keys {
                        let action = commit.delete(key);
                        action.when("attribute_exists(#pk)").or(race());
                    }
                });
                portion.await.map_err(later)?;
            }
            after = found.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn erase_letters(
        &self,
        erasure: &mut Erasure<'_>,
        hash: &str,
    ) -> Result<(), WorkerError> {
        let now = self.now();
        let mut after = None;
        loop {
            let query = Query::partition(mails_to_address(hash)).index(Index::Gsi2);
            let query = query.limit(PORTION).after(after);
            let found = self.table.query::<Mail>(query).await?;
            if !found.items.is_empty() {
                let portion = erasure.portion("letters", found.items.len(), |commit| {
                    for mail in &found.items {
                        commit.replace(&mail.erased(now)).or(race());
                    }
                });
                portion.await.map_err(later)?;
            }
            after = found.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Notes that somebody's account is to be deleted, or that it stays, unless
    /// something later is known.
    pub async fn learn_leaving(
        &self,
        cx: &Context,
        id: UserId,
        leaving: bool,
        sequence: u64,
    ) -> Result<(), WorkerError> {
        let learnt = self.learn(cx, id, |recipient| {
            let news = sequence > recipient.leaving_sequence;
            if news {
                recipient.leaving = leaving;
                recipient.leaving_sequence = sequence;
            }
            news
        });
        learnt.await.map(drop)
    }
}

/// Another delivery, or what an index still lists: it comes again.
fn later(err: CommitError) -> WorkerError {
    match err {
        CommitError::Condition(_) | CommitError::Stale => WorkerError::transient(err),
        err => err.into(),
    }
}
