//! Giving back places, and giving them on, in one commit.

use jiff::{SignedDuration, Timestamp};
use shared::commit::Commit;
use shared::table::StoreError;

use super::queues::Hall;
use super::{Guard, Seats, Store, moved};
use crate::model::{Registration, RegistrationStatus, Waiting};

/// How many may be given places in one commit: three actions each.
pub const HEIRS: u32 = 20;

impl Hall {
    /// Until when a place is offered from `now` on; `None` if it is given at once.
    pub fn offered_until(&self, now: Timestamp) -> Option<Timestamp> {
        let minutes = i64::from(self.admission.offer_minutes?);
        let until = now + SignedDuration::from_mins(minutes);
        Some(until.min(self.event.details.ends_at)).filter(|until| *until > now)
    }

    /// Whether everybody who waits does so for one place, of no type: nobody can
    /// be blocked while a place is free.
    fn plain(&self) -> bool {
        self.admission.version == 0
    }

    /// The hall after `was` has left it: what its places and its place in the
    /// queue leave to others.
    fn without(&self, was: &Registration) -> Self {
        let mut hall = self.clone();
        let quantity = was.quantity;
        if was.status == RegistrationStatus::Waitlisted {
            for queue in &mut hall.queues.0 {
                queue.retain(|entry| entry.user_id != was.user_id);
            }
            return hall;
        }
        let counts = &mut hall.counts;
        counts.confirmed = counts.confirmed.saturating_sub(quantity);
        if let Some(kind) = counts.kinds.0.get_mut(&was.ticket_type) {
            kind.taken = kind.taken.saturating_sub(quantity);
        }
        hall
    }

    fn served(&self) -> Vec<Waiting> {
        if self.counts.open {
            self.queues.served(&self.counts, HEIRS)
        } else {
            Vec::new()
        }
    }

    /// Within `commit`, `was` leaves by what `end` does, and its `heirs` come to
    /// what becomes free.
    pub fn leave(
        &self,
        commit: &mut Commit,
        was: &Registration,
        heirs: &[Registration],
        end: impl FnOnce(&mut Seats<'_>),
    ) {
        let now = commit.now();
        let given: u32 = heirs.iter().map(|heir| heir.quantity).sum();
        let even = was.status == RegistrationStatus::Waitlisted || given == was.quantity;
        let guard = if !self.counts.open || self.plain() && even {
            Guard::Nothing
        } else if self.counts.waitlisted == 0 {
            // Somebody may have begun to wait for this very place.
            Guard::NobodyWaits
        } else {
            Guard::AsSeen
        };
        let mut seats = Seats::of(&self.event, &self.counts, commit);
        end(&mut seats);
        for heir in heirs {
            seats.promote(heir, self.offered_until(now));
        }
        seats.settle(guard, moved());
    }
}

impl Store {
    /// Ends a registration within `commit`; what becomes free goes to those
    /// who wait, in order.
    pub async fn release(
        &self,
        commit: &mut Commit,
        hall: &Hall,
        was: &Registration,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        let ended = was.turned(RegistrationStatus::Cancelled, commit.now());
        let heirs = self.heirs_of(hall, was).await?;
        hall.leave(commit, was, &heirs, |seats| {
            seats.cancel(was, &ended, reason);
        });
        Ok(())
    }

    /// Who comes to a place when `was` leaves it.
    pub async fn heirs_of(
        &self,
        hall: &Hall,
        was: &Registration,
    ) -> Result<Vec<Registration>, StoreError> {
        self.heirs(&hall.without(was).served()).await
    }

    /// Gives places to somebody who waits, out of turn, within `commit`; places
    /// that the others then need not wait for go to them.
    pub async fn let_in(
        &self,
        commit: &mut Commit,
        hall: &Hall,
        who: &Registration,
    ) -> Result<(), StoreError> {
        let mut after = hall.without(who);
        after.counts.take(&who.ticket_type, who.quantity);
        let heirs = self.heirs(&after.served()).await?;
        let until = hall.offered_until(commit.now());
        let mut seats = Seats::of(&hall.event, &hall.counts, commit);
        seats.promote(who, None);
        for heir in &heirs {
            seats.promote(heir, until);
        }
        seats.settle(Guard::AsSeen, moved());
        Ok(())
    }

    /// Gives free places to those who wait, within `commit`; `false` if there
    /// is nothing to give or nobody to give it to.
    pub async fn give_out(&self, commit: &mut Commit, hall: &Hall) -> Result<bool, StoreError> {
        let heirs = self.heirs(&hall.served()).await?;
        if heirs.is_empty() {
            return Ok(false);
        }
        let until = hall.offered_until(commit.now());
        let mut seats = Seats::of(&hall.event, &hall.counts, commit);
        for heir in &heirs {
            seats.promote(heir, until);
        }
        seats.settle(Guard::AsSeen, moved());
        Ok(true)
    }
}
