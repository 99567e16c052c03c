//! One commit per event: entries, counts, e-mails to send and events.

use jiff::Timestamp;
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::event::notifications::NotificationCreated;
use shared::id::UserId;
use shared::personal::Erased;
use shared::table::{Entity, StoreError};
use shared::worker::WorkerError;
use uuid::Uuid;

use super::inbox::{lost_race, race, write};
use super::invitations::invite;
use super::{Store, again, group_key, inbox_key};
use crate::model::mail::LEASE;
use crate::model::notification::id_at;
use crate::model::recipient::MAX_AWAITING;
use crate::model::{
    Addressee, Channel, Group, Inbox, Invitation, Invited, Mail, MailRef, MailState, Message,
    Notification, Preferences, Recipient,
};

/// Something to tell a user.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Whom.
    pub to: UserId,
    /// What.
    pub message: Message,
    /// Who set it off.
    pub actor: Option<UserId>,
    /// What its e-mail brings for their calendar.
    pub invitation: Option<Invitation>,
    /// Whether it is for their mailbox alone: they know, and their calendar does
    /// not.
    pub silent: bool,
}

/// What became of an event's notices.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivered {
    /// They were committed, with these e-mails.
    Now(Vec<Mail>),
    /// The event had been handled before.
    Before,
}

/// What a notice meets.
struct Standing {
    recipient: Option<Recipient>,
    preferences: Preferences,
    inbox: Inbox,
    group: Option<Group>,
    collecting: Option<Notification>,
    invited: Option<Invited>,
}

impl Store {
    /// Commits `notices`, once for an event and its recipients: all of them, or
    /// none if one was committed before; but those to people who are gone, or
    /// about to go. No two notices of one call are for the
    /// same user. The e-mails that can go now are claimed by the caller.
    pub async fn deliver(
        &self,
        cx: &Context,
        event: Uuid,
        notices: &[Notice],
    ) -> Result<Delivered, WorkerError> {
        let mut attempt = 0;
        loop {
            let mut commit = Commit::new(&self.table, cx);
            let mut mails = Vec::new();
            for notice in notices {
                // Who is gone is met in the commit first, and looked for then.
                if attempt > 0 && Erased::is(&self.table, notice.to).await? {
                    continue;
                }
                // Boxed: five reads at once make a large future.
                let standing = Box::pin(self.standing(notice)).await?;
                mails.extend(add(&mut commit, event, notice, standing)?);
            }
            if commit.is_empty() {
                return Ok(Delivered::Now(mails));
            }
            match commit.execute().await {
                Ok(()) => return Ok(Delivered::Now(stored(mails))),
                Err(CommitError::Duplicate) => return Ok(Delivered::Before),
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

    /// Commits an e-mail to an address, once for an event; the caller has claimed
    /// it. Where it is a user's, somebody who is gone gets none.
    pub async fn deliver_to_address(
        &self,
        cx: &Context,
        event: Uuid,
        (address, user): (&str, Option<UserId>),
        message: Message,
        invitation: Option<Invitation>,
    ) -> Result<Delivered, WorkerError> {
        let to = Addressee::Address(address.to_owned());
        let mut attempt = 0;
        loop {
            let newest = self.newest(&to, invitation.as_ref()).await?;
            let mut commit = Commit::new(&self.table, cx);
            let brings = invite(&mut commit, &to, invitation.clone(), newest.as_ref());
            let mail = Mail {
                event_id: event,
                to: to.clone(),
                notification_id: id_at(commit.now()),
                message: message.clone(),
                actor_id: None,
                invitation: brings,
                state: claimed(commit.now()),
                not_before: None,
                created_at: commit.now(),
                version: 0,
            };
            commit.create_once(&mail);
            if let Some(user) = user {
                Erased::not(&mut commit, user).or(race());
            }
            match commit.execute().await {
                Ok(()) => return Ok(Delivered::Now(stored(vec![mail]))),
                Err(CommitError::Duplicate) => return Ok(Delivered::Before),
                Err(err) if lost_race(&err) && self.is_gone(user).await? => {
                    return Ok(Delivered::Now(Vec::new()));
                }
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

    async fn newest(
        &self,
        whose: &Addressee,
        invitation: Option<&Invitation>,
    ) -> Result<Option<Invited>, StoreError> {
        match invitation {
            Some(invitation) => self.invited(whose, invitation).await,
            None => Ok(None),
        }
    }

    async fn standing(&self, notice: &Notice) -> Result<Standing, StoreError> {
        let whose = Addressee::User(notice.to);
        let (recipient, preferences, inbox, group, invited) = futures::try_join!(
            self.recipient(notice.to),
            self.preferences(notice.to),
            self.inbox(notice.to),
            self.group(notice),
            self.newest(&whose, notice.invitation.as_ref()),
        )?;
        let collecting = match &group {
            Some(group) => self.entry(notice.to, group.notification_id).await?,
            None => None,
        };
        Ok(Standing {
            recipient,
            preferences,
            inbox,
            group,
            collecting,
            invited,
        })
    }

    async fn group(&self, notice: &Notice) -> Result<Option<Group>, StoreError> {
        match notice.message.group() {
            Some(group) => {
                self.table
                    .get_consistent(&group_key(notice.to, &group))
                    .await
            }
            None => Ok(None),
        }
    }
}

/// As they stand in the table after they were created.
fn stored(mut mails: Vec<Mail>) -> Vec<Mail> {
    for mail in &mut mails {
        mail.version = 1;
    }
    mails
}

/// In the hands of whoever commits it.
fn claimed(now: Timestamp) -> MailState {
    MailState::Sending { until: now + LEASE }
}

/// Adds what a notice changes to the commit, with the record of it; gives the
/// e-mail, if it makes one.
fn add(
    commit: &mut Commit,
    event: Uuid,
    notice: &Notice,
    standing: Standing,
) -> Result<Option<Mail>, WorkerError> {
    if standing.recipient.as_ref().is_some_and(|to| to.leaving) {
        return Ok(None);
    }
    let kind = notice.message.kind();
    let in_app = !notice.silent && standing.preferences.wants(kind, Channel::InApp);
    let email = standing.preferences.wants(kind, Channel::Email);
    // A group that is not shown still holds back e-mail: one a day, not one
    // for each happening.
    let quiet = !in_app && standing.group.is_some();
    if !in_app && (!email || quiet) {
        return Ok(None);
    }
    Erased::not(commit, notice.to).or(race());
    if let Some(entry) = standing.collecting.as_ref().filter(|_| in_app)
        && standing.inbox.is_unread(entry)
        && !standing.inbox.covers(entry.id)
    {
        grow(commit, entry, notice);
        commit.create_once(&record(event, entry.clone(), commit.now()));
        return Ok(None);
    }
    let at = standing.inbox.arrival(commit.now());
    let entry = Notification::new(notice.to, notice.message.clone(), notice.actor, at);
    if let Some(group) = Group::begun_by(&entry) {
        if standing.group.is_some() {
            commit.put(&group);
        } else {
            commit.create(&group).or(race());
        }
    }
    if in_app {
        enter(commit, &entry, standing.inbox);
    }
    let mut mail = record(event, entry, commit.now());
    if email {
        mail.not_before = standing.preferences.deferral(kind, commit.now());
        let invitation = notice.invitation.clone();
        mail.invitation = invite(commit, &mail.to, invitation, standing.invited.as_ref());
        post(commit, &mut mail, standing.recipient)?;
    }
    commit.create_once(&mail);
    Ok(mail.is_open().then_some(mail))
}

/// That an event was handled, and so far no more.
fn record(event: Uuid, entry: Notification, now: Timestamp) -> Mail {
    Mail {
        event_id: event,
        to: Addressee::User(entry.user_id),
        notification_id: entry.id,
        message: entry.message,
        actor_id: entry.actor_id,
        invitation: None,
        state: MailState::Unwanted,
        not_before: None,
        created_at: now,
        version: 0,
    }
}

/// Adds a happening to the entry that collects. The conditions say that it is
/// still unread; the count of unread entries stays what it was.
fn grow(commit: &mut Commit, entry: &Notification, notice: &Notice) {
    let now = commit.now();
    let action = commit.update(entry.key());
    action
        .add("count", 1)
        .add("version", 1)
        .set("updatedAt", now)
        .when("attribute_exists(#pk) AND attribute_not_exists(#readAt)")
        .or(race());
    match notice.actor {
        Some(id) => action.set("actorId", id),
        None => action.remove("actorId"),
    };
    commit
        .check(inbox_key(entry.user_id))
        .when("#readThrough < :created")
        .bind(":created", entry.created_at.as_millisecond())
        .or(race());
}

/// Puts a new entry into the inbox.
fn enter(commit: &mut Commit, entry: &Notification, mut inbox: Inbox) {
    inbox.arrived();
    write(commit, &inbox);
    commit.create(entry);
    let created = NotificationCreated {
        notification_id: entry.id,
        user_id: entry.user_id,
        kind: entry.message.kind().name().to_owned(),
        channel: Channel::InApp.name().to_owned(),
        reason: None,
    };
    commit.publish(&created, 1);
}

/// Makes a record an e-mail to send; one whose address is not known yet is
/// noted with the recipient, in the same commit, so that the address releases
/// it whichever comes first.
fn post(
    commit: &mut Commit,
    mail: &mut Mail,
    recipient: Option<Recipient>,
) -> Result<(), WorkerError> {
    let known = recipient
        .as_ref()
        .is_some_and(|known| known.email.is_some());
    if known {
        mail.state = match mail.not_before {
            Some(_) => MailState::Pending,
            None => claimed(commit.now()),
        };
        return Ok(());
    }
    let Some(user) = mail.user_id() else {
        return Ok(());
    };
    let mut recipient = match recipient {
        Some(recipient) => recipient,
        None => Recipient::new(user).map_err(WorkerError::transient)?,
    };
    if recipient.awaiting.len() >= MAX_AWAITING {
        return Ok(());
    }
    recipient.awaiting.push(MailRef {
        event_id: mail.event_id,
        what: mail.kind(),
    });
    write(commit, &recipient);
    mail.state = MailState::Pending;
    Ok(())
}
