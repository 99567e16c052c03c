//! Taking and giving back places: each method adds one move to a commit, so
//! that counts, registration, waitlist and events change together or not at all.

use shared::commit::Commit;
use shared::event::events::{
    RegistrationCancelled, RegistrationCheckedIn, RegistrationCreated, RegistrationPromoted,
};
use shared::problem::{CONFLICT, Problem};

use crate::model::{Counts, Event, Registration, RegistrationStatus, Waiting};
use crate::problems::EVENT_FULL;

const HAS_PLACE: &str =
    "#open = :open AND (attribute_not_exists(#capacity) OR #confirmed < #capacity)";

/// The moves of registrations of one event.
#[derive(Debug)]
pub struct Seats<'a> {
    commit: &'a mut Commit,
    event: &'a Event,
}

/// The payload of any registration event.
macro_rules! payload {
    ($name:ident, $event:expr, $registration:expr, $reason:expr) => {
        $name {
            registration_id: $registration.id,
            event_id: $event.id,
            user_id: $registration.user_id,
            status: $registration.status.name().to_owned(),
            title: $event.details.title.clone(),
            starts_at: $event.details.starts_at,
            time_zone: $event.details.time_zone.clone(),
            organizer_id: $event.created_by,
            reason: $reason,
        }
    };
}

/// What others hear when a registration comes to be.
pub fn registration_event(event: &Event, registration: &Registration) -> RegistrationCreated {
    payload!(RegistrationCreated, event, registration, None)
}

impl<'a> Seats<'a> {
    /// Moves of `event` within `commit`.
    pub fn of(event: &'a Event, commit: &'a mut Commit) -> Self {
        Self { commit, event }
    }

    fn write(&mut self, registration: &Registration) {
        if registration.version == 0 {
            self.commit.create(registration)
        } else {
            self.commit.replace(registration)
        }
        .or(Problem::new(&CONFLICT).detail("The registration changed in the meantime."));
    }

    /// Gives a place; never more than there are.
    pub fn confirm(&mut self, registration: &Registration) {
        self.write(registration);
        self.commit
            .update(Counts::key_of(self.event.id))
            .add("confirmed", 1)
            .when(HAS_PLACE)
            .bind(":open", true)
            // Who waits comes first.
            .when("#waitlisted = :none")
            .bind(":none", 0)
            .or(Problem::new(&EVENT_FULL).detail("All places are taken."));
        let created = registration_event(self.event, registration);
        self.commit.publish(&created, registration.version + 1);
    }

    /// Puts a person at the end of the waitlist.
    pub fn wait(&mut self, registration: &Registration) {
        self.write(registration);
        self.commit.create(&waiting(registration));
        self.commit
            .update(Counts::key_of(self.event.id))
            .add("waitlisted", 1)
            .when("#open = :open AND (#confirmed >= #capacity OR #waitlisted > :none)")
            .bind(":open", true)
            .bind(":none", 0)
            // A place became free, or the event was closed: look again.
            .or(Problem::new(&EVENT_FULL));
        let created = registration_event(self.event, registration);
        self.commit.publish(&created, registration.version + 1);
    }

    /// Ends a registration. `was` is how it stood; a freed place goes to
    /// `heir`, the first who waits, in the same commit.
    pub fn cancel(
        &mut self,
        was: RegistrationStatus,
        cancelled: &Registration,
        heir: Option<&Registration>,
        reason: Option<String>,
    ) {
        self.write(cancelled);
        match was {
            RegistrationStatus::Waitlisted => {
                self.leave_waitlist(cancelled);
            }
            _ => match heir {
                Some(heir) => self.inherit(heir),
                None => {
                    self.commit
                        .update(Counts::key_of(self.event.id))
                        .add("confirmed", -1)
                        // Somebody may have begun to wait for this very place.
                        .when("#confirmed > :none AND #waitlisted = :none")
                        .bind(":none", 0);
                }
            },
        }
        let payload = payload!(RegistrationCancelled, self.event, cancelled, reason);
        self.commit.publish(&payload, cancelled.version + 1);
    }

    /// Ends a registration of a cancelled event: nobody inherits.
    pub fn end(
        &mut self,
        was: RegistrationStatus,
        cancelled: &Registration,
        reason: Option<String>,
    ) {
        self.write(cancelled);
        let counter = if was.holds_place() {
            "confirmed"
        } else {
            "waitlisted"
        };
        self.commit
            .update(Counts::key_of(self.event.id))
            .add(counter, -1);
        if let (RegistrationStatus::Waitlisted, Some(order)) = (was, &cancelled.waiting) {
            self.commit.delete(Waiting::key_of(self.event.id, order));
        }
        let payload = payload!(RegistrationCancelled, self.event, cancelled, reason);
        self.commit.publish(&payload, cancelled.version + 1);
    }

    /// Gives a free place to the first who waits.
    pub fn promote(&mut self, promoted: &Registration) {
        self.inherit(promoted);
        self.commit
            .update(Counts::key_of(self.event.id))
            .add("confirmed", 1)
            .when(HAS_PLACE)
            .bind(":open", true)
            .or(Problem::new(&EVENT_FULL));
    }

    /// `heir` leaves the waitlist for a place that is his already.
    fn inherit(&mut self, heir: &Registration) {
        self.write(heir);
        self.leave_waitlist(heir);
        let payload = payload!(RegistrationPromoted, self.event, heir, None);
        self.commit.publish(&payload, heir.version + 1);
    }

    fn leave_waitlist(&mut self, registration: &Registration) {
        let order = registration.waiting.as_deref().unwrap_or_default();
        self.commit
            .delete(Waiting::key_of(self.event.id, order))
            .when("attribute_exists(#pk)")
            .or(Problem::new(&CONFLICT).detail("The waitlist moved in the meantime."));
        self.commit
            .update(Counts::key_of(self.event.id))
            .add("waitlisted", -1);
    }

    /// Lets a person in.
    pub fn check_in(&mut self, registration: &Registration) {
        self.write(registration);
        let payload = payload!(RegistrationCheckedIn, self.event, registration, None);
        self.commit.publish(&payload, registration.version + 1);
    }
}

/// The waitlist entry of a registration.
fn waiting(registration: &Registration) -> Waiting {
    Waiting {
        event_id: registration.event_id,
        user_id: registration.user_id,
        order: registration.waiting.clone().unwrap_or_default(),
    }
}
