//! Taking and giving back places: each method adds one move to a commit, and
//! [`Seats::settle`] changes the counts by all of them at once, under the
//! conditions that make them right. So counts, registrations, waitlist and
//! events change together or not at all.

use std::collections::BTreeMap;

use http::header::RETRY_AFTER;
use jiff::Timestamp;
use shared::commit::Commit;
use shared::event::events::{
    RegistrationCancelled, RegistrationCheckInUndone, RegistrationCheckedIn, RegistrationCreated,
    RegistrationOffered, RegistrationPromoted,
};
use shared::problem::Problem;
use shared::table::Entity;

use super::telling::{News, answers_shared, guest_noticed};
use crate::model::{Counts, Event, Registration, RegistrationStatus, Waiting};
use crate::problems::CROWDED;

/// The moves of registrations of one event.
#[derive(Debug)]
pub struct Seats<'a> {
    pub(super) commit: &'a mut Commit,
    pub(super) event: &'a Event,
    pub(super) counts: &'a Counts,
    pub(super) taken: BTreeMap<String, i64>,
    pub(super) waiting: BTreeMap<String, i64>,
    pub(super) held: i64,
    pub(super) joined: bool,
    pub(super) moved: i64,
}

/// The payload of any registration event; `$goes` is the registration that says
/// whether the event stands in the person's calendar.
macro_rules! payload {
    ($name:ident, $event:expr, $registration:expr, $reason:expr) => {
        payload!($name, $event, $registration, $reason, $registration)
    };
    ($name:ident, $event:expr, $registration:expr, $reason:expr, $goes:expr) => {
        $name {
            registration_id: $registration.id,
            event_id: $event.id,
            user_id: $registration.user_id,
            status: $registration.status.name().to_owned(),
            title: $event.details.title.clone(),
            starts_at: $event.details.starts_at,
            time_zone: $event.details.time_zone.clone(),
            organizer_id: $event.created_by,
            organization_id: $event.organization_id,
            reason: $reason,
            accepted: $registration.accepted,
            calendar: $goes
                .status
                .may_enter()
                .then(|| $event.calendar($registration.accepted)),
        }
    };
}

/// What others hear when a registration comes to be.
pub fn registration_event(event: &Event, registration: &Registration) -> RegistrationCreated {
    payload!(RegistrationCreated, event, registration, None)
}

impl<'a> Seats<'a> {
    /// Moves of `event`, whose counts were read, within `commit`.
    pub fn of(event: &'a Event, counts: &'a Counts, commit: &'a mut Commit) -> Self {
        Self {
            commit,
            event,
            counts,
            taken: BTreeMap::new(),
            waiting: BTreeMap::new(),
            held: 0,
            joined: false,
            moved: 0,
        }
    }

    fn write(&mut self, registration: &Registration) {
        if registration.version == 0 {
            self.commit.create(registration)
        } else {
            self.commit.replace(registration)
        }
        .or(moved());
    }

    fn take(&mut self, registration: &Registration, sign: i64) {
        let kind = registration.ticket_type.clone();
        *self.taken.entry(kind).or_default() += sign * i64::from(registration.quantity);
    }

    fn queue(&mut self, registration: &Registration, sign: i64) {
        let kind = registration.ticket_type.clone();
        *self.waiting.entry(kind).or_default() += sign * i64::from(registration.quantity);
        self.moved += 1;
    }

    /// Gives places.
    pub fn confirm(&mut self, registration: &Registration) {
        self.write(registration);
        self.take(registration, 1);
        self.created(registration);
    }

    /// Puts a person at the end of the waitlist.
    pub fn wait(&mut self, registration: &Registration) {
        self.write(registration);
        self.commit.create(&waiting(registration));
        self.queue(registration, 1);
        self.joined = true;
        self.created(registration);
    }

    fn created(&mut self, registration: &Registration) {
        // A guest has no account that could be told of anything.
        if registration.has_account() {
            let created = registration_event(self.event, registration);
            self.commit.publish(&created, registration.version + 1);
        }
    }

    /// Ends a registration that stood as `was`.
    pub fn cancel(&mut self, was: &Registration, cancelled: &Registration, reason: Option<String>) {
        self.write(cancelled);
        self.leave(was, cancelled, reason);
    }

    /// Ends a registration that stood as `was`, and removes it.
    pub fn erase(&mut self, was: &Registration) {
        erase(self.commit, was);
        let gone = was.turned(RegistrationStatus::Cancelled, self.commit.now());
        self.leave(was, &gone, None);
    }

    /// What follows from the end of a registration that stood as `was`.
    fn leave(&mut self, was: &Registration, cancelled: &Registration, reason: Option<String>) {
        if was.status == RegistrationStatus::Waitlisted {
            self.leave_waitlist(was);
        } else {
            self.take(was, -1);
        }
        if was.status == RegistrationStatus::Offered {
            self.held -= i64::from(was.quantity);
        }
        match &was.guest {
            None if was.account_deleted_at.is_some() => {}
            None => {
                let payload = payload!(RegistrationCancelled, self.event, cancelled, reason, was);
                self.commit.publish(&payload, cancelled.version + 1);
            }
            Some(guest) => {
                let told = guest_noticed(self.event, cancelled.id, guest, News::Ended(reason));
                self.commit.publish(&told, cancelled.version + 1);
            }
        }
        self.withhold(cancelled);
    }

    /// The answers of a registration that ended are shared no more.
    fn withhold(&mut self, ended: &Registration) {
        if ended.matchmaking_consent {
            let payload = answers_shared(self.event, ended, Vec::new());
            self.commit.publish(&payload, ended.version + 1);
        }
    }

    /// Gives places to `heir`, who waits: at once, or as an offer until then.
    pub fn promote(&mut self, heir: &Registration, until: Option<Timestamp>) {
        let now = self.commit.now();
        self.take(heir, 1);
        self.leave_waitlist(heir);
        let Some(until) = until else {
            let promoted = heir.turned(RegistrationStatus::Confirmed, now);
            self.write(&promoted);
            let payload = payload!(RegistrationPromoted, self.event, promoted, None);
            self.commit.publish(&payload, promoted.version + 1);
            return;
        };
        let offered = Registration {
            offered_until: Some(until),
            ..heir.turned(RegistrationStatus::Offered, now)
        };
        self.write(&offered);
        self.held += i64::from(heir.quantity);
        let payload = RegistrationOffered {
            registration_id: offered.id,
            event_id: self.event.id,
            user_id: offered.user_id,
            title: self.event.details.title.clone(),
            starts_at: self.event.details.starts_at,
            time_zone: self.event.details.time_zone.clone(),
            offered_until: until,
        };
        self.commit.publish(&payload, offered.version + 1);
    }

    /// The person takes the places that were offered.
    pub fn accept(&mut self, accepted: &Registration) {
        self.write(accepted);
        self.held -= i64::from(accepted.quantity);
        let payload = payload!(RegistrationPromoted, self.event, accepted, None);
        self.commit.publish(&payload, accepted.version + 1);
    }

    /// The person wants the places that an organiser gave.
    pub fn agree(&mut self, accepted: &Registration) {
        self.write(accepted);
        let payload = payload!(RegistrationPromoted, self.event, accepted, None);
        self.commit.publish(&payload, accepted.version + 1);
    }

    /// `given` hands the places over to `taken`.
    pub fn hand_over(&mut self, given: &Registration, taken: &Registration, reason: String) {
        self.write(given);
        self.write(taken);
        if given.has_account() {
            let payload = payload!(
                RegistrationCancelled,
                self.event,
                given,
                Some(reason),
                taken
            );
            self.commit.publish(&payload, given.version + 1);
        }
        self.withhold(given);
        self.created(taken);
    }

    fn leave_waitlist(&mut self, registration: &Registration) {
        let order = registration.waiting.as_deref().unwrap_or_default();
        let key = Waiting::key_of(self.event.id, &registration.ticket_type, order);
        self.commit
            .delete(key)
            .when("attribute_exists(#pk)")
            .or(moved());
        self.queue(registration, -1);
    }

    /// Lets a person in for the first time.
    pub fn check_in(&mut self, registration: &Registration) {
        self.write(registration);
        if registration.has_account() {
            let payload = payload!(RegistrationCheckedIn, self.event, registration, None);
            self.commit.publish(&payload, registration.version + 1);
        }
    }

    /// Takes back that a person came.
    pub fn undo_check_in(&mut self, registration: &Registration, reason: String) {
        self.write(registration);
        if registration.has_account() {
            let payload = payload!(
                RegistrationCheckInUndone,
                self.event,
                registration,
                Some(reason)
            );
            self.commit.publish(&payload, registration.version + 1);
        }
    }
}

/// Removes a registration that is still as it was read.
pub fn erase(commit: &mut Commit, registration: &Registration) {
    commit
        .delete(registration.key())
        .when("#version = :read")
        .bind(":read", registration.version)
        .or(moved());
}

/// What was seen is so no more: look again.
pub fn moved() -> Problem {
    Problem::new(&CROWDED).header(RETRY_AFTER, "1")
}

/// The waitlist entry of a registration.
fn waiting(registration: &Registration) -> Waiting {
    Waiting {
        event_id: registration.event_id,
        user_id: registration.user_id,
        order: registration.waiting.clone().unwrap_or_default(),
        ticket_type: registration.ticket_type.clone(),
        quantity: registration.quantity,
    }
}
