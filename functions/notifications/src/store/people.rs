//! Preferences, and what is known of people and memberships.

use std::collections::{BTreeMap, BTreeSet};

use shared::commit::{Commit, Settled};
use shared::cx::Context;
use shared::event::auth::UserContactChanged;
use shared::http::Reply;
use shared::id::{OrganizationId, UserId};
use shared::personal::Erased;
use shared::problem::Problem;
use shared::table::{Index, Query, StoreError};
use shared::worker::WorkerError;

use super::inbox::{lost_race, race, raced, write};
use super::{Store, again, approvers, member_key, preferences_key, recipient_key};
use crate::model::{MailRef, Member, Preferences, Recipient};

impl Store {
    /// A person's preferences; the defaults if they never set any.
    pub async fn preferences(&self, owner: UserId) -> Result<Preferences, StoreError> {
        let found = self.table.get_consistent(&preferences_key(owner)).await?;
        Ok(found.unwrap_or_else(|| Preferences::default_of(owner)))
    }

    /// Applies `change` to a person's preferences; `reply` shows what they are
    /// then, and is stored under the request's Idempotency-Key.
    ///
    /// # Errors
    /// What `change` refuses, or what the store says.
    pub async fn change_preferences(
        &self,
        cx: &Context,
        owner: UserId,
        change: impl Fn(&Preferences) -> Result<Preferences, Problem>,
        reply: impl Fn(&Preferences) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let mut attempt = 0;
        loop {
            let before = self.preferences(owner).await?;
            let mut after = change(&before)?;
            if after == before {
                return reply(&before);
            }
            let mut commit = Commit::new(&self.table, cx);
            write(&mut commit, &after);
            after.version += 1;
            match commit.finish(reply(&after)?).await {
                Err(problem) if raced(&problem) && again(cx, attempt).await => attempt += 1,
                done => return done,
            }
        }
    }

    /// What is known of a person.
    pub async fn recipient(&self, id: UserId) -> Result<Option<Recipient>, StoreError> {
        self.table.get_consistent(&recipient_key(id)).await
    }

    /// What others call people, as far as it is known.
    pub async fn names_of(
        &self,
        people: impl IntoIterator<Item = UserId>,
    ) -> Result<BTreeMap<UserId, String>, StoreError> {
        let people: BTreeSet<UserId> = people.into_iter().collect();
        let keys: Vec<_> = people.into_iter().map(recipient_key).collect();
        let found: Vec<Recipient> = self.table.batch_get(&keys).await?;
        let named = found
            .into_iter()
            .filter_map(|known| Some((known.user_id, known.name?)));
        Ok(named.collect())
    }

    /// Notes a person's name.
    pub async fn learn_name(
        &self,
        cx: &Context,
        id: UserId,
        name: Option<&str>,
    ) -> Result<(), WorkerError> {
        self.learn(cx, id, |recipient| {
            let news = recipient.name.as_deref() != name;
            recipient.name = name.map(str::to_owned);
            news
        })
        .await
        .map(drop)
    }

    /// Notes a person's address, unless a later one is known; gives what is
    /// known then.
    pub async fn learn_contact(
        &self,
        cx: &Context,
        contact: &UserContactChanged,
        sequence: u64,
    ) -> Result<Recipient, WorkerError> {
        self.learn(cx, contact.user_id, |recipient| {
            let news = sequence > recipient.contact_sequence;
            if news {
                recipient.email = Some(contact.email.clone());
                recipient.email_verified = contact.verified;
                recipient.contact_sequence = sequence;
            }
            news
        })
        .await
    }

    /// These e-mails wait for an address no longer.
    pub async fn awaited(
        &self,
        cx: &Context,
        id: UserId,
        sent: &[MailRef],
    ) -> Result<(), WorkerError> {
        self.learn(cx, id, |recipient| {
            let before = recipient.awaiting.len();
            recipient.awaiting.retain(|mail| !sent.contains(mail));
            recipient.awaiting.len() != before
        })
        .await
        .map(drop)
    }

    /// Whether a letter was for somebody who is gone.
    pub(super) async fn is_gone(&self, user: Option<UserId>) -> Result<bool, StoreError> {
        match user {
            Some(user) => Erased::is(&self.table, user).await,
            None => Ok(false),
        }
    }

    /// Applies `change` to what is known; it says whether there is news.
    pub(super) async fn learn(
        &self,
        cx: &Context,
        id: UserId,
        change: impl Fn(&mut Recipient) -> bool,
    ) -> Result<Recipient, WorkerError> {
        let mut attempt = 0;
        loop {
            let mut recipient = match self.recipient(id).await? {
                Some(known) => known,
                None => Recipient::new(id).map_err(WorkerError::transient)?,
            };
            // Who is gone is met in the commit first, and looked for then.
            let gone = attempt > 0 && Erased::is(&self.table, id).await?;
            if gone || !change(&mut recipient) {
                return Ok(recipient);
            }
            let mut commit = Commit::new(&self.table, cx);
            Erased::not(&mut commit, id).or(race());
            write(&mut commit, &recipient);
            match commit.execute().await {
                Ok(()) => return Ok(recipient),
                Err(err) if lost_race(&err) => {
                    if !again(cx, attempt).await {
                        return Err(WorkerError::transient(err));
                    }
                    attempt += 1;
                }
                Err(err) => return Err(err.into()),
            }
        }
    }

    /// Copies a membership, or its end, unless a later state is known or the
    /// person is gone.
    pub async fn project_member(
        &self,
        cx: &Context,
        member: &Member,
        sequence: u64,
    ) -> Result<(), WorkerError> {
        let mut commit = Commit::new(&self.table, cx);
        Erased::not(&mut commit, member.user_id).or(race());
        commit.project(member, sequence);
        match commit.execute().await {
            Err(err) if lost_race(&err) => Ok(()),
            done => done.settled(),
        }
    }

    /// What somebody is in an organisation, as far as it is known.
    pub async fn member(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        self.table
            .get_consistent(&member_key(organization, user))
            .await
    }

    /// Who decides on submitted events of an organisation.
    pub async fn approvers(&self, id: OrganizationId) -> Result<Vec<UserId>, StoreError> {
        let query = Query::partition(approvers(id)).index(Index::Gsi1);
        let members: Vec<Member> = self.table.query_all(query).await?;
        Ok(members.iter().map(|member| member.user_id).collect())
    }
}
