//! Sends the e-mails that were committed.
//!
//! An e-mail is never lost: it is committed with what it tells of, and the
//! message of the queue is not done with before it is sent or refused for good.
//! It is not sent twice on redelivery: who sends it has claimed it first, and
//! marks it after. One window remains, which no ordering can close without the
//! help of the mail service: if the process dies, or the answer is lost, between
//! the service's acceptance and the mark, the e-mail is sent again (in the first
//! case after [`LEASE`], when the claim has run out).
//!
//! [`LEASE`]: crate::model::mail::LEASE

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::cx::Context;
use shared::id::UserId;
use shared::worker::WorkerError;

use crate::model::{Addressee, Channel, Kind, Mail, Message, Recipient};
use crate::outgoing::{Letter, MailError, Mailer, Unsealer};
use crate::store::Store;
use crate::templates::{self, Links, Words};

/// So many deferred e-mails are collected into one.
const DIGEST: usize = 40;

/// In whose hands an e-mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// In nobody's: it must be claimed first.
    Open,
    /// In ours since it was committed.
    Claimed,
}

/// Carries e-mails out.
#[derive(Debug, Clone)]
pub struct Postman<M, U> {
    store: Store,
    mailer: M,
    unsealer: U,
    links: Links,
}

impl<M: Mailer, U: Unsealer> Postman<M, U> {
    /// Sends by `mailer`; links in e-mails begin with those of `links`.
    pub const fn new(store: Store, mailer: M, unsealer: U, links: Links) -> Self {
        Self {
            store,
            mailer,
            unsealer,
            links,
        }
    }

    /// Sends what is due of `mails`, each by itself.
    ///
    /// # Errors
    /// The last reason why one must be tried again; the others were sent.
    pub async fn send(
        &self,
        cx: &Context,
        now: Timestamp,
        mails: Vec<Mail>,
    ) -> Result<(), WorkerError> {
        let mut result = Ok(());
        for mail in mails {
            if !mail.is_open() || !mail.is_due(now) {
                continue;
            }
            let sent = if mail.is_leased(now) {
                Err(WorkerError::transient("another is sending this e-mail"))
            } else {
                self.attempt(cx, vec![mail], Hold::Open).await
            };
            result = sent.and(result);
        }
        result
    }

    /// As [`Postman::send`], of e-mails that the caller claimed when they were
    /// committed; the others wait for their time or their address.
    ///
    /// # Errors
    /// See [`Postman::send`].
    pub async fn send_claimed(
        &self,
        cx: &Context,
        now: Timestamp,
        mails: Vec<Mail>,
    ) -> Result<(), WorkerError> {
        let mut result = Ok(());
        for mail in mails.into_iter().filter(|mail| mail.is_leased(now)) {
            let sent = self.attempt(cx, vec![mail], Hold::Claimed).await;
            result = sent.and(result);
        }
        result
    }

    /// Sends the deferred e-mails whose time has come, those of one person
    /// together; gives how many letters that made.
    ///
    /// # Errors
    /// The last reason why some must be tried again; the others were sent.
    pub async fn sweep(&self, cx: &Context, now: Timestamp) -> Result<usize, WorkerError> {
        let (mut letters, mut result) = (0, Ok(()));
        for shard in Store::due_shards() {
            let mut after = None;
            loop {
                let (mails, next) = self.store.due(shard, now, after).await?;
                for batch in by_person(mails, now) {
                    let sent = self.deferred(cx, batch).await;
                    letters += usize::from(sent.is_ok());
                    result = sent.and(result);
                }
                if next.is_none() {
                    break;
                }
                after = next;
            }
        }
        result.map(|()| letters)
    }

    /// Sends what waited, unless the person has switched it off meanwhile.
    async fn deferred(&self, cx: &Context, mails: Vec<Mail>) -> Result<(), WorkerError> {
        let Some(user) = mails.first().and_then(Mail::user_id) else {
            return Ok(());
        };
        let preferences = self.store.preferences(user).await?;
        let (wanted, mut unwanted): (Vec<Mail>, Vec<Mail>) = mails
            .into_iter()
            .partition(|mail| preferences.wants(mail.kind(), Channel::Email));
        if !unwanted.is_empty() {
            self.store.failed(cx, &mut unwanted, "switched-off").await?;
        }
        if wanted.is_empty() {
            return Ok(());
        }
        self.attempt(cx, wanted, Hold::Open).await
    }

    /// Sends `mails`, all to the same addressee, as one letter.
    async fn attempt(
        &self,
        cx: &Context,
        mut mails: Vec<Mail>,
        hold: Hold,
    ) -> Result<(), WorkerError> {
        let letter = match self.prepare(cx, &mut mails).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return Ok(()),
            Err(err) => {
                if hold == Hold::Claimed {
                    self.store.release(cx, &mut mails).await?;
                }
                return Err(err);
            }
        };
        if hold == Hold::Open && !self.store.claim(cx, &mut mails).await? {
            return Err(WorkerError::transient("another is sending this e-mail"));
        }
        match self.mailer.send(&letter).await {
            Ok(()) => {
                if !self.store.sent(cx, &mut mails).await? {
                    tracing::warn!("an e-mail took longer to send than its claim lasted");
                }
                Ok(())
            }
            Err(err) => self.refused(cx, mails, &letter.to, err).await,
        }
    }

    /// The letter that `mails` make; none if there is nothing to send now.
    async fn prepare(
        &self,
        cx: &Context,
        mails: &mut [Mail],
    ) -> Result<Option<Letter>, WorkerError> {
        let Some(first) = mails.first() else {
            return Ok(None);
        };
        let recipient = match &first.to {
            Addressee::User(id) => self.store.recipient(*id).await?,
            Addressee::Address(_) => None,
        };
        let Some(address) = address(&first.to, recipient.as_ref()) else {
            // It is noted with the recipient, and goes when the address comes.
            return Ok(None);
        };
        if self.store.is_refused(&address).await? {
            self.store.failed(cx, mails, "address-refused").await?;
            return Ok(None);
        }
        self.letter(address, mails, recipient.as_ref())
            .await
            .map(Some)
    }

    async fn refused(
        &self,
        cx: &Context,
        mut mails: Vec<Mail>,
        address: &str,
        err: MailError,
    ) -> Result<(), WorkerError> {
        let reason = match &err {
            MailError::Later(_) => {
                self.store.release(cx, &mut mails).await?;
                return Err(WorkerError::transient(err));
            }
            MailError::Refused(_) => "refused",
            MailError::BadAddress(_) => {
                self.store.refuse(cx, address).await?;
                "address-refused"
            }
        };
        let kind = mails.first().map(|mail| mail.kind().name());
        tracing::warn!(
            mail.kind = kind,
            mail.reason = reason,
            "an e-mail was refused for good"
        );
        self.store.failed(cx, &mut mails, reason).await?;
        Ok(())
    }

    async fn letter(
        &self,
        to: String,
        mails: &[Mail],
        recipient: Option<&Recipient>,
    ) -> Result<Letter, WorkerError> {
        let mut words = Vec::with_capacity(mails.len());
        for mail in mails {
            words.push(self.words(mail).await?);
        }
        let kind = match mails {
            [mail] => Some(mail.kind()),
            _ => None,
        };
        let unsubscribe = recipient
            .filter(|_| !kind.is_some_and(Kind::critical))
            .map(|recipient| self.links.unsubscribe(&recipient.unsubscribe_token(kind)));
        let content = match words.as_slice() {
            [words] => templates::single(words, &self.links, unsubscribe.as_deref()),
            words => templates::digest(words, &self.links, unsubscribe.as_deref()),
        };
        Ok(Letter {
            to,
            content,
            unsubscribe,
        })
    }

    async fn words(&self, mail: &Mail) -> Result<Words, WorkerError> {
        let mut words = Words::of(&mail.message, mail.actor.as_deref(), 1);
        if let Message::OrganizationInvitation { sealed_token, .. } = &mail.message {
            let token = self.unsealer.unseal(sealed_token).await?;
            words.action.label = "See the invitation";
            words.action.path = format!("/v1/invitations/{token}");
        }
        if let Message::RegistrationTransferLetter {
            occasion,
            sealed_token,
            ..
        } = &mail.message
        {
            let code = self.unsealer.unseal(sealed_token).await?;
            words.action.path = templates::words::take_over(occasion.event_id, &code);
        }
        if let Message::Account {
            letter,
            sealed_token: Some(sealed),
            ..
        } = &mail.message
        {
            let token = self.unsealer.unseal(sealed).await?;
            words.action.path = templates::words::link(*letter, &token);
        }
        Ok(words)
    }
}

fn address(to: &Addressee, recipient: Option<&Recipient>) -> Option<String> {
    match to {
        Addressee::User(_) => recipient.and_then(|recipient| recipient.email.clone()),
        Addressee::Address(address) => Some(address.clone()),
    }
}

/// Open e-mails in batches of one person each, in the order in which they came.
fn by_person(mails: Vec<Mail>, now: Timestamp) -> Vec<Vec<Mail>> {
    let mut people: BTreeMap<UserId, Vec<Mail>> = BTreeMap::new();
    for mail in mails {
        if let Some(user) = mail.user_id()
            && mail.is_open()
            && !mail.is_leased(now)
        {
            people.entry(user).or_default().push(mail);
        }
    }
    let mut batches = Vec::new();
    for (_, mut mails) in people {
        mails.sort_by_key(|mail| mail.created_at);
        batches.extend(mails.chunks(DIGEST).map(<[Mail]>::to_vec));
    }
    batches
}
