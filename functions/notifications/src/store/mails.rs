//! Outgoing e-mails: claimed by one sender at a time, and what became of them.

use jiff::Timestamp;
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::event::notifications::{NotificationDelivered, NotificationFailed};
use shared::id::UserId;
use shared::table::{Index, Position, Query, StoreError};
use uuid::Uuid;

use super::inbox::{lost_race, race};
use super::{
    DUE_SHARDS, Refused, Store, due_partition, due_sort, hash_of, mail_key, mail_partition,
};
use crate::model::mail::LEASE;
use crate::model::{Addressee, Channel, Mail, MailRef, MailState};

/// `notification.created` is the first event of a notification, what became of
/// its e-mail the second.
const OUTCOME: u64 = 2;

impl Store {
    /// All e-mails that an event caused.
    pub async fn mails_of(&self, event: Uuid) -> Result<Vec<Mail>, StoreError> {
        let query = Query::partition(mail_partition(event)).consistent();
        self.table.query_all(query).await
    }

    /// The e-mails to a user that these references name.
    pub async fn mails_to(&self, user: UserId, refs: &[MailRef]) -> Result<Vec<Mail>, StoreError> {
        let mut mails = Vec::new();
        for mail in refs {
            let key = mail_key(mail.event_id, &Addressee::User(user), mail.what);
            mails.extend(self.table.get_consistent(&key).await?);
        }
        Ok(mails)
    }

    /// The partitions of deferred e-mails.
    pub fn due_shards() -> impl Iterator<Item = u8> {
        0..DUE_SHARDS
    }

    /// A page of the deferred e-mails whose time has come.
    pub async fn due(
        &self,
        shard: u8,
        now: Timestamp,
        after: Option<Position>,
    ) -> Result<(Vec<Mail>, Option<Position>), StoreError> {
        // '$' follows '#': everything of this very millisecond is included.
        let last = format!("{}$", due_sort(now));
        let query = Query::partition(due_partition(shard)).between("0", last);
        let query = query.index(Index::Gsi1).limit(200).after(after);
        let found = self.table.query(query).await?;
        Ok((found.items, found.next))
    }

    /// Takes e-mails for sending; `false` when another has one of them.
    pub async fn claim(&self, cx: &Context, mails: &mut [Mail]) -> Result<bool, CommitError> {
        let until = self.now() + LEASE;
        let state = |_: &Mail| MailState::Sending { until };
        self.advance(cx, mails, state, |_, _| {}).await
    }

    /// Gives e-mails back that could not be sent now.
    pub async fn release(&self, cx: &Context, mails: &mut [Mail]) -> Result<bool, CommitError> {
        self.advance(cx, mails, |_| MailState::Pending, |_, _| {})
            .await
    }

    /// Leaves e-mails to the sweep, from `at` on.
    pub async fn defer(
        &self,
        cx: &Context,
        mails: &mut [Mail],
        at: Timestamp,
    ) -> Result<bool, CommitError> {
        for mail in &mut *mails {
            mail.not_before = Some(at);
        }
        self.release(cx, mails).await
    }

    /// The mail service has these; publishes `notification.delivered`.
    pub async fn sent(&self, cx: &Context, mails: &mut [Mail]) -> Result<bool, CommitError> {
        let at = self.now();
        let publish = |commit: &mut Commit, mail: &Mail| {
            let Some(user_id) = mail.user_id() else {
                return;
            };
            let event = NotificationDelivered {
                notification_id: mail.notification_id,
                user_id,
                kind: mail.kind().name().to_owned(),
                channel: Channel::Email.name().to_owned(),
                reason: None,
            };
            commit.publish(&event, OUTCOME);
        };
        self.advance(cx, mails, |_| MailState::Sent { at }, publish)
            .await
    }

    /// These will never be delivered; publishes `notification.failed`.
    pub async fn failed(
        &self,
        cx: &Context,
        mails: &mut [Mail],
        why: &str,
    ) -> Result<bool, CommitError> {
        let at = self.now();
        let state = |_: &Mail| MailState::Failed {
            at,
            reason: why.to_owned(),
        };
        let publish = |commit: &mut Commit, mail: &Mail| {
            let Some(user_id) = mail.user_id() else {
                return;
            };
            let event = NotificationFailed {
                notification_id: mail.notification_id,
                user_id,
                kind: mail.kind().name().to_owned(),
                channel: Channel::Email.name().to_owned(),
                reason: Some(why.to_owned()),
            };
            commit.publish(&event, OUTCOME);
        };
        self.advance(cx, mails, state, publish).await
    }

    /// Moves e-mails on, all or none; `false` when one of them is no longer as
    /// it was read.
    async fn advance(
        &self,
        cx: &Context,
        mails: &mut [Mail],
        state: impl Fn(&Mail) -> MailState,
        publish: impl Fn(&mut Commit, &Mail),
    ) -> Result<bool, CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        for mail in mails.iter_mut() {
            mail.state = state(mail);
            commit.replace(mail).or(race());
            publish(&mut commit, mail);
        }
        match commit.execute().await {
            Ok(()) => {
                for mail in mails {
                    mail.version += 1;
                }
                Ok(true)
            }
            Err(err) if lost_race(&err) => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// Whether the mail service refused an address for good.
    pub async fn is_refused(&self, address: &str) -> Result<bool, StoreError> {
        let key = Refused::key_of(&hash_of(address));
        Ok(self.table.get::<Refused>(&key).await?.is_some())
    }

    /// Notes that it did.
    pub async fn refuse(&self, cx: &Context, address: &str) -> Result<(), CommitError> {
        let mut commit = Commit::new(&self.table, cx);
        let refused = Refused {
            address: hash_of(address),
            at: commit.now(),
        };
        commit.put(&refused);
        commit.execute().await
    }
}
