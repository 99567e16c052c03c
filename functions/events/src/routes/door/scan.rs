//! One scan, however it came here.

use jiff::Timestamp;
use shared::commit::{Commit, CommitError};
use shared::cx::Context;
use shared::digest;
use shared::http::Reply;
use shared::id::{EventId, UserId};
use shared::problem::Problem;

use super::super::App;
use super::super::looks::looking_again;
use crate::model::{
    CheckInList, Counts, Direction, Event, Place, Registration, RegistrationStatus, Scan, Verdict,
    refusal,
};
use crate::problems::NONCE_TAKEN;
use crate::store::{Seats, TOLD_BEFORE, moved};

/// The door that scans come from.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub event: Event,
    pub counts: Counts,
    pub list: CheckInList,
    pub told_by: UserId,
}

/// What identifies the one who is at the door.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    /// The text of a ticket.
    Ticket(String),
    /// A person, and which of the places of the registration.
    Person(UserId, u8),
}

/// A scan before anything is known of it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub shown: Shown,
    pub direction: Direction,
    pub device: String,
    pub nonce: String,
    pub at: Timestamp,
    /// Whether the person stands at the door and hears the answer: a refusal is
    /// one. A device without a network tells later whom it let in.
    pub live: bool,
    /// Whether what changes nothing is kept too: a device must be able to send
    /// everything and find everything.
    pub keep: bool,
}

impl Told {
    /// The hash of what was scanned, where and which way.
    pub fn what(&self, list: &CheckInList) -> String {
        let shown = match &self.shown {
            Shown::Ticket(text) => text.clone(),
            Shown::Person(user, number) => format!("{user}#{number}"),
        };
        let way = match self.direction {
            Direction::Entry => "in",
            Direction::Exit => "out",
        };
        digest::sha256(&[list.id.as_bytes(), way.as_bytes(), shown.as_bytes()])
    }
}

/// What came of a scan.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub verdict: Verdict,
    pub registration: Option<Registration>,
    /// It was told before; this is what came of it then.
    pub before: bool,
}

/// A scan that is ready to be committed.
struct Prepared {
    outcome: Outcome,
    commit: Commit,
}

impl App {
    /// Somebody stands at a door: what they tell will bear their id.
    pub(super) async fn stands_at(&self, cx: &Context, door: &Door) -> Result<(), Problem> {
        let event_id = door.event.id;
        let place = Place::Door { event_id };
        Ok(self.store.trace_before(cx, door.told_by, place).await?)
    }

    /// Handles one scan; `reply` makes the answer that commits with it.
    pub(super) async fn scanned(
        &self,
        cx: &Context,
        door: &Door,
        told: &Told,
        reply: impl Fn(&Outcome) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let reply = &reply;
        looking_again(cx, || async move {
            let prepared = self.prepare(cx, door, told).await?;
            let answer = reply(&prepared.outcome)?;
            match prepared.commit.finish(answer).await {
                Err(problem) if problem.kind() == &TOLD_BEFORE => {
                    reply(&self.known(door, told).await?)
                }
                result => result,
            }
        })
        .await
    }

    /// The same for one of many scans of an upload.
    pub(super) async fn uploaded(
        &self,
        cx: &Context,
        door: &Door,
        told: &Told,
    ) -> Result<Outcome, Problem> {
        looking_again(cx, || async move {
            let prepared = self.prepare(cx, door, told).await?;
            match prepared.commit.execute().await {
                Ok(()) => Ok(prepared.outcome),
                Err(CommitError::Condition(problem)) if problem.kind() == &TOLD_BEFORE => {
                    self.known(door, told).await
                }
                Err(err) => Err(err.into()),
            }
        })
        .await
    }

    /// What came of a scan that was told before.
    async fn known(&self, door: &Door, told: &Told) -> Result<Outcome, Problem> {
        let event = door.event.id;
        let scan = self.store.scan(event, &told.device, &told.nonce).await?;
        let scan = scan.ok_or_else(moved)?;
        let what = told.what(&door.list);
        if scan.what.as_ref().is_some_and(|known| *known != what) {
            return Err(Problem::new(&NONCE_TAKEN));
        }
        let registration = match scan.user_id {
            Some(user) => self.store.registration(event, user).await?,
            None => None,
        };
        Ok(Outcome {
            verdict: scan.verdict,
            registration,
            before: true,
        })
    }

    /// Finds the registration that was shown, or why there is none.
    async fn shown(
        &self,
        event: EventId,
        shown: &Shown,
    ) -> Result<Result<(Option<Registration>, u8), Verdict>, Problem> {
        let (user, number, ticket) = match shown {
            Shown::Person(user, number) => (*user, *number, None),
            Shown::Ticket(text) => match self.keyring.verify(text).await? {
                Err(_) => return Ok(Err(Verdict::InvalidTicket)),
                Ok(ticket) if ticket.event_id != event => return Ok(Err(Verdict::WrongEvent)),
                Ok(ticket) => (ticket.user_id, ticket.number, Some(ticket)),
            },
        };
        let registration = self.store.registration(event, user).await?;
        let void = registration
            .as_ref()
            .zip(ticket)
            .is_some_and(|(registration, ticket)| registration.id != ticket.registration_id);
        Ok(if void {
            Err(Verdict::VoidTicket)
        } else {
            Ok((registration, number))
        })
    }

    async fn prepare(&self, cx: &Context, door: &Door, told: &Told) -> Result<Prepared, Problem> {
        let event = &door.event;
        let mut commit = self.store.commit(cx);
        let found = self.shown(event.id, &told.shown).await?;
        let (registration, number, refused) = match found {
            Err(verdict) => (None, 0, Some(verdict)),
            Ok((registration, number)) => {
                let why = refusal(event, &door.list, registration.as_ref(), number, told.at);
                (registration, number, why)
            }
        };
        let mut scan = scan(door, told, registration.as_ref(), number, commit.now());
        let outcome = |verdict, registration| Outcome {
            verdict,
            registration,
            before: false,
        };
        let (Some(registration), None) = (&registration, refused) else {
            let verdict = refused.unwrap_or(Verdict::NotRegistered);
            scan.verdict = verdict;
            if told.keep {
                self.store.note(&mut commit, &scan);
            }
            let outcome = outcome(verdict, registration);
            return Ok(Prepared { outcome, commit });
        };
        let before = self
            .store
            .presence(event.id, &door.list.id, registration.id, number)
            .await?;
        scan.verdict = before.verdict(&scan, &door.list);
        let changes = matches!(scan.verdict, Verdict::Admitted | Verdict::Left);
        let mut registration = registration.clone();
        if told.live && scan.verdict == Verdict::AlreadyCheckedIn {
            self.store
                .pass(&mut commit, &scan, &before, &before.after_refusal());
        } else if changes || told.keep && !told.live {
            self.store
                .pass(&mut commit, &scan, &before, &before.after(&scan));
            if scan.direction == Direction::Entry {
                let first = before.entries == 0;
                registration = enter(&mut commit, door, registration, scan.at, first);
            }
        } else if told.keep {
            self.store.note(&mut commit, &scan);
        }
        let outcome = outcome(scan.verdict, Some(registration));
        Ok(Prepared { outcome, commit })
    }
}

/// The registration's person has come, on whichever list and with whichever
/// ticket: others hear of the first time. The `first` on a list is a new version
/// all the same: who takes another check-in back meanwhile must see it.
fn enter(
    commit: &mut Commit,
    door: &Door,
    registration: Registration,
    at: Timestamp,
    first: bool,
) -> Registration {
    if registration.status != RegistrationStatus::Confirmed {
        if first {
            commit.replace(&registration).or(moved());
        }
        return registration;
    }
    let entered = Registration {
        checked_in_at: Some(at),
        ..registration.turned(RegistrationStatus::CheckedIn, commit.now())
    };
    Seats::of(&door.event, &door.counts, commit).check_in(&entered);
    entered
}

fn scan(
    door: &Door,
    told: &Told,
    registration: Option<&Registration>,
    number: u8,
    now: Timestamp,
) -> Scan {
    Scan {
        event_id: door.event.id,
        list: door.list.id.clone(),
        device: told.device.clone(),
        nonce: told.nonce.clone(),
        user_id: registration.map(|registration| registration.user_id),
        registration_id: registration.map(|registration| registration.id),
        number,
        direction: told.direction,
        at: told.at,
        received_at: now,
        verdict: Verdict::NotRegistered,
        told_by: door.told_by,
        what: Some(told.what(&door.list)),
        reason: None,
    }
}
