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
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use shared::cx::Context;
use shared::digest;
use shared::id::EventId;
use shared::table::Position;
use shared::worker::WorkerError;

use crate::model::{Addressee, Channel, Invitation, Kind, Mail, Message, Recipient};
use crate::outgoing::{Letter, MailError, Mailer, Page, Unsealer};
use crate::store::Store;
use crate::templates::{self, Links, Words};

/// So many deferred e-mails are collected into one.
const DIGEST: usize = 40;
/// So many e-mails of a shard are looked at together; beyond that somebody's may
/// become two letters.
const LOOKED_AT: usize = 2_000;
/// How many letters of a sweep are on their way at once.
const AT_ONCE: usize = 8;
/// Nothing is begun that might not be marked as sent in time: it would be sent
/// again.
const ENOUGH: Duration = Duration::from_secs(3);
/// How often what is kept from somebody whose account is to be deleted is
/// looked at.
const HOLD: SignedDuration = SignedDuration::from_hours(6);
/// How long a sweep rests when the mail service wants less at a time.
const REST: Duration = Duration::from_secs(1);

/// In whose hands an e-mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// In nobody's: it must be claimed first.
    Open,
    /// In ours since it was committed.
    Claimed,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// There is nothing more to do with it now.
    Settled,
    /// The mail service wants less at a time: the sweep has it.
    Waits,
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
    /// together; gives how many letters that made. What it does not get to is
    /// for the next sweep.
    ///
    /// # Errors
    /// The last reason why some must be tried again; the others were sent.
    pub async fn sweep(&self, cx: &Context, now: Timestamp) -> Result<usize, WorkerError> {
        let (mut letters, mut result) = (0, Ok(()));
        for shard in Store::due_shards() {
            let mut after = None;
            loop {
                let (mails, next) = self.some_due(shard, now, after).await?;
                for batches in by_addressee(mails, now).chunks(AT_ONCE) {
                    if cx.remaining() < ENOUGH {
                        return result.map(|()| letters);
                    }
                    let sent = batches.iter().map(|mails| self.deferred(cx, mails.clone()));
                    let mut waits = false;
                    for sent in join_all(sent).await {
                        letters += usize::from(matches!(sent, Ok(Fate::Settled)));
                        waits |= matches!(sent, Ok(Fate::Waits));
                        result = sent.and(result);
                    }
                    if waits {
                        let less = "the mail service wants less at a time";
                        result = Err(WorkerError::transient(less));
                        tokio::time::sleep(REST).await;
                    }
                }
                if next.is_none() {
                    break;
                }
                after = next;
            }
        }
        result.map(|()| letters)
    }

    async fn some_due(
        &self,
        shard: u8,
        now: Timestamp,
        mut after: Option<Position>,
    ) -> Result<(Vec<Mail>, Option<Position>), WorkerError> {
        let mut all = Vec::new();
        loop {
            let (mut mails, next) = self.store.due(shard, now, after).await?;
            all.append(&mut mails);
            if next.is_none() || all.len() >= LOOKED_AT {
                return Ok((all, next));
            }
            after = next;
        }
    }

    /// Sends what waited, unless the person has switched it off meanwhile.
    async fn deferred(&self, cx: &Context, mails: Vec<Mail>) -> Result<Fate, WorkerError> {
        let Some(user) = mails.first().and_then(Mail::user_id) else {
            return self.attempt(cx, mails, Hold::Open).await;
        };
        let preferences = self.store.preferences(user).await?;
        let (wanted, mut unwanted): (Vec<Mail>, Vec<Mail>) = mails
            .into_iter()
            .partition(|mail| preferences.wants(mail.kind(), Channel::Email));
        if !unwanted.is_empty() {
            self.store.failed(cx, &mut unwanted, "switched-off").await?;
        }
        if wanted.is_empty() {
            return Ok(Fate::Settled);
        }
        self.attempt(cx, wanted, Hold::Open).await
    }

    /// Sends `mails`, all to the same addressee, as one letter.
    async fn attempt(
        &self,
        cx: &Context,
        mut mails: Vec<Mail>,
        hold: Hold,
    ) -> Result<Fate, WorkerError> {
        if cx.remaining() < ENOUGH {
            return Err(WorkerError::transient(
                "too little time is left for an e-mail",
            ));
        }
        let letter = match self.prepare(cx, &mut mails).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return Ok(Fate::Settled),
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
                Ok(Fate::Settled)
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
            Addressee::Address(_) | Addressee::Erased => None,
        };
        if recipient.as_ref().is_some_and(|known| known.leaving) {
            // Whoever changes their mind gets it then.
            self.store.defer(cx, mails, self.store.now() + HOLD).await?;
            return Ok(None);
        }
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
    ) -> Result<Fate, WorkerError> {
        let reason = match &err {
            MailError::Later(_) => {
                tracing::warn!(error = %err, "the mail service wants an e-mail later");
                self.store.defer(cx, &mut mails, self.soon()).await?;
                return Ok(Fate::Waits);
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
        Ok(Fate::Settled)
    }

    /// Within four minutes, for one sooner and for another later.
    fn soon(&self) -> Timestamp {
        let [jitter] = digest::random::<1>().unwrap_or([128]);
        self.store.now() + SignedDuration::from_secs(i64::from(jitter))
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
        let calendars = self.calendars(&to, mails).await?;
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
            calendars,
        })
    }

    /// What `mails` bring for the calendar of whoever has the address `to`: the
    /// newest of each event, and nothing that is older than what was written
    /// before.
    async fn calendars(&self, to: &str, mails: &[Mail]) -> Result<Vec<Page>, WorkerError> {
        let mut newest: BTreeMap<EventId, &Invitation> = BTreeMap::new();
        for mail in mails {
            let Some(invitation) = &mail.invitation else {
                continue;
            };
            let known = newest.get(&invitation.event_id);
            let later = known.is_none_or(|known| known.age() <= invitation.age());
            if later && !self.store.outdated(&mail.to, invitation).await? {
                newest.insert(invitation.event_id, invitation);
            }
        }
        let page = |invitation: &&Invitation| {
            let url = format!("/v1/events/{}", invitation.event_id);
            let (sender, url) = (self.mailer.sender(), self.links.to(&url));
            Page {
                method: invitation.method(),
                text: invitation.text(sender, to, &url),
            }
        };
        Ok(newest.values().map(page).collect())
    }

    async fn words(&self, mail: &Mail) -> Result<Words, WorkerError> {
        let names = self.store.names_of(mail.actor_id).await?;
        let actor = names.values().next().map(String::as_str);
        let mut words = Words::of(&mail.message, actor, 1);
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
            let secrets = self.unsealer.unseal(sealed).await?;
            let (token, code) = secrets.split_once(' ').unwrap_or((&secrets, ""));
            words.action.path = templates::words::link(*letter, token);
            if !code.is_empty() {
                let code = templates::words::grouped(code);
                words.body = format!("{code}\n\n{}", words.body);
            }
        }
        Ok(words)
    }
}

fn address(to: &Addressee, recipient: Option<&Recipient>) -> Option<String> {
    match to {
        Addressee::Erased => None,
        Addressee::User(_) => recipient.and_then(|recipient| recipient.email.clone()),
        Addressee::Address(address) => Some(address.clone()),
    }
}

/// Open e-mails by letter, in the order in which they came: one for a person,
/// and one for each that goes to a mere address, whose code is for nobody else.
fn by_addressee(mails: Vec<Mail>, now: Timestamp) -> Vec<Vec<Mail>> {
    let mut people: BTreeMap<Addressee, Vec<Mail>> = BTreeMap::new();
    for mail in mails {
        if mail.is_open() && !mail.is_leased(now) {
            people.entry(mail.to.clone()).or_default().push(mail);
        }
    }
    let mut batches = Vec::new();
    for (to, mut mails) in people {
        mails.sort_by_key(|mail| mail.created_at);
        let together = match to {
            Addressee::User(_) => DIGEST,
            Addressee::Address(_) | Addressee::Erased => 1,
        };
        batches.extend(mails.chunks(together).map(<[Mail]>::to_vec));
    }
    batches
}
