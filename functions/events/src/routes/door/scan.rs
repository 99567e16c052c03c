//! One scan, however it came here.

use jiff::Timestamp;
use shared::commit::{Commit, CommitError};
use shared::http::Reply;
use shared::id::{EventId, UserId};
use shared::problem::{CONFLICT, Problem};

use super::super::App;
use crate::model::{
    CheckInList, Counts, Direction, Event, Presence, Registration, RegistrationStatus, Scan,
    Verdict, refusal,
};
use crate::store::{Seats, told_before};

/// How often a scan looks again when the same ticket is scanned elsewhere.
const LOOKS: usize = 8;

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
    /// Whether what changes nothing is kept too: a device must be able to send
    /// everything and find everything.
    pub keep: bool,
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
    /// Handles one scan; `reply` makes the answer that commits with it.
    pub(super) async fn scanned(
        &self,
        cx: &shared::cx::Context,
        door: &Door,
        told: &Told,
        reply: impl Fn(&Outcome) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let mut last = Problem::new(&CONFLICT);
        for _ in 0..LOOKS {
            let prepared = self.prepare(cx, door, told).await?;
            let answer = reply(&prepared.outcome)?;
            match prepared.commit.finish(answer).await {
                Err(problem) if problem.detail_text() == told_before().detail_text() => {
                    let known = self.known(door.event.id, told).await?;
                    return reply(&known);
                }
                Err(problem) if problem.kind() == &CONFLICT => last = problem,
                result => return result,
            }
        }
        Err(last)
    }

    /// The same for one of many scans of an upload.
    pub(super) async fn uploaded(
        &self,
        cx: &shared::cx::Context,
        door: &Door,
        told: &Told,
    ) -> Result<Outcome, Problem> {
        let mut last = Problem::new(&CONFLICT);
        for _ in 0..LOOKS {
            let prepared = self.prepare(cx, door, told).await?;
            match prepared.commit.execute().await {
                Ok(()) => return Ok(prepared.outcome),
                Err(CommitError::Condition(problem))
                    if problem.detail_text() == told_before().detail_text() =>
                {
                    return self.known(door.event.id, told).await;
                }
                Err(CommitError::Condition(problem)) if problem.kind() == &CONFLICT => {
                    last = problem;
                }
                Err(err) => return Err(err.into()),
            }
        }
        Err(last)
    }

    /// What came of a scan that was told before.
    async fn known(&self, event: EventId, told: &Told) -> Result<Outcome, Problem> {
        let scan = self.store.scan(event, &told.device, &told.nonce).await?;
        let scan = scan.ok_or_else(|| Problem::new(&CONFLICT))?;
        Ok(Outcome {
            verdict: scan.verdict,
            registration: None,
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

    async fn prepare(
        &self,
        cx: &shared::cx::Context,
        door: &Door,
        told: &Told,
    ) -> Result<Prepared, Problem> {
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
        if changes || told.keep {
            self.store
                .pass(&mut commit, &scan, &before, &before.after(&scan));
            if scan.direction == Direction::Entry {
                registration = enter(&mut commit, door, registration, scan.at);
            }
        }
        let outcome = outcome(scan.verdict, Some(registration));
        Ok(Prepared { outcome, commit })
    }
}

/// The registration's person has come, on whichever list and with whichever
/// ticket: others hear of the first time.
fn enter(
    commit: &mut Commit,
    door: &Door,
    registration: Registration,
    at: Timestamp,
) -> Registration {
    if registration.status != RegistrationStatus::Confirmed {
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
    }
}

/// Wide presence of nothing, for views.
pub(super) fn duplicates(presence: &Presence, list: &CheckInList) -> bool {
    !list.multi_entry && presence.entries > 1
}
