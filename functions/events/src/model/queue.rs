//! Who is next. The rules of the waitlist, without a store:
//!
//! - Within a ticket type the order of waiting is kept: nobody overtakes.
//! - Between types the one who has waited longest comes first. Whoever is
//!   blocked by the quota of the type lets other types pass; whoever is blocked
//!   by the capacity of the whole event lets nobody pass, for all want the same.
//! - A group gets its places together or waits. One that is larger than the
//!   event or the quota (which were larger once) holds nobody up: all pass.

use super::counts::Counts;
use super::waiting::Waiting;

/// What becomes of a new registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It gets its places.
    Place,
    /// It waits.
    Wait,
}

/// The heads of the queues, each in the order of waiting.
#[derive(Debug, Clone, Default)]
pub struct Queues(pub Vec<Vec<Waiting>>);

impl Queues {
    /// Those who get a place now, in order; at most `most` places.
    pub fn served(&self, counts: &Counts, most: u32) -> Vec<Waiting> {
        let queues = self.hopeful(counts);
        let mut counts = counts.clone();
        let mut given = 0;
        let mut at = vec![0; queues.0.len()];
        let mut served = Vec::new();
        while let Some(queue) = queues.next(&counts, &at) {
            let head = queues.0[queue][at[queue]].clone();
            given += head.quantity;
            if given > most {
                break;
            }
            at[queue] += 1;
            counts.take(&head.ticket_type, head.quantity);
            served.push(head);
        }
        served
    }

    /// Without those who wait for more places than there are at all.
    fn hopeful(&self, counts: &Counts) -> Self {
        let hopeful = |queue: &Vec<Waiting>| {
            let fits = |entry: &&Waiting| counts.could_hold(&entry.ticket_type, entry.quantity);
            queue.iter().filter(fits).cloned().collect()
        };
        Self(self.0.iter().map(hopeful).collect())
    }

    /// The queue whose head is next, if its places are there.
    fn next(&self, counts: &Counts, at: &[usize]) -> Option<usize> {
        let heads = self.0.iter().zip(at).enumerate();
        let mut heads: Vec<(usize, &Waiting)> = heads
            .filter_map(|(i, (queue, at))| Some((i, queue.get(*at)?)))
            .collect();
        heads.sort_by(|a, b| a.1.order.cmp(&b.1.order));
        for (i, head) in heads {
            let (overall, own) = counts.room(&head.ticket_type);
            if own < head.quantity {
                continue;
            }
            return (overall >= head.quantity).then_some(i);
        }
        None
    }

    /// What becomes of `quantity` more who want `kind` now.
    pub fn fate(&self, counts: &Counts, kind: &str, quantity: u32) -> Fate {
        let (overall, own) = counts.room(kind);
        let queues = self.hopeful(counts);
        let nobody_first = queues.heads().all(|head| {
            // Whoever is not held back by the own type's quota comes first.
            head.ticket_type != kind && counts.room(&head.ticket_type).1 < head.quantity
        });
        if nobody_first && overall >= quantity && own >= quantity {
            Fate::Place
        } else {
            Fate::Wait
        }
    }

    /// Whether somebody waits for `kind` who can get a place some day.
    pub fn wait_for(&self, counts: &Counts, kind: &str) -> bool {
        let hopeful = self.hopeful(counts);
        hopeful.heads().any(|head| head.ticket_type == kind)
    }

    fn heads(&self) -> impl Iterator<Item = &Waiting> {
        self.0.iter().filter_map(|queue| queue.first())
    }
}

#[cfg(test)]
mod tests {
    use shared::id::{EventId, UserId};

    use super::*;
    use crate::model::KindCounts;

    fn waiting(kind: &str, order: &str, quantity: u32) -> Waiting {
        Waiting {
            event_id: EventId::new(),
            user_id: UserId::new(),
            order: order.to_owned(),
            ticket_type: kind.to_owned(),
            quantity,
        }
    }

    fn counts(capacity: u32, taken: u32, kinds: &[(&str, u32, u32)]) -> Counts {
        let mut counts = Counts::new(EventId::new(), Some(capacity));
        counts.confirmed = taken;
        for (name, quota, taken) in kinds {
            let share = KindCounts {
                quota: Some(*quota),
                taken: *taken,
                waiting: 0,
            };
            counts.kinds.0.insert((*name).to_owned(), share);
        }
        counts
    }

    fn orders(served: &[Waiting]) -> Vec<&str> {
        served.iter().map(|head| head.order.as_str()).collect()
    }

    /// B3-03: a type whose quota is full lets others pass; a full event nobody.
    #[test]
    fn ev_20_who_is_next() {
        let queues = Queues(vec![
            vec![waiting("vip", "1", 1), waiting("vip", "4", 1)],
            vec![waiting("std", "2", 3), waiting("std", "3", 1)],
        ]);
        let full_vip = counts(10, 4, &[("vip", 2, 2), ("std", 9, 2)]);
        assert_eq!(orders(&queues.served(&full_vip, 99)), ["2", "3"]);
        let tight = counts(10, 8, &[("vip", 5, 2), ("std", 9, 6)]);
        assert_eq!(
            orders(&queues.served(&tight, 99)),
            ["1"],
            "the group of 3 waits for 3 places, and the later VIP behind it"
        );
        assert_eq!(orders(&queues.served(&full_vip, 3)), ["2"]);
        assert_eq!(orders(&queues.served(&counts(4, 4, &[]), 99)), [""; 0]);
    }

    /// B3-03: a group that is larger than the event holds nobody up.
    #[test]
    fn ev_20_who_can_never_be_served_is_passed() {
        let large = waiting("", "1", 3);
        let queues = Queues(vec![vec![large.clone(), waiting("", "2", 1)]]);
        let mut event = counts(2, 1, &[]);
        event.waitlisted = 4;
        assert_eq!(orders(&queues.served(&event, 99)), ["2"]);
        assert_eq!(Queues(vec![vec![large]]).fate(&event, "", 1), Fate::Place);
        assert_eq!(queues.fate(&event, "", 1), Fate::Wait, "behind the other");
        let quota = counts(10, 0, &[("vip", 2, 0)]);
        let queues = Queues(vec![vec![waiting("vip", "1", 3), waiting("vip", "2", 2)]]);
        assert_eq!(orders(&queues.served(&quota, 99)), ["2"]);
        let larger = counts(10, 0, &[("vip", 3, 0)]);
        assert_eq!(orders(&queues.served(&larger, 99)), ["1"]);
    }

    /// B3-03: a newcomer overtakes nobody who wants the same.
    #[test]
    fn ev_20_a_newcomer_does_not_overtake() {
        let group = Queues(vec![vec![waiting("std", "1", 3)]]);
        let mut counts = counts(10, 8, &[("vip", 5, 2), ("std", 9, 6)]);
        counts.waitlisted = 3;
        assert_eq!(group.fate(&counts, "vip", 1), Fate::Wait);
        let full = counts.kinds.0.get_mut("std").unwrap();
        full.quota = Some(6);
        full.waiting = 3;
        assert_eq!(group.fate(&counts, "vip", 1), Fate::Place);
        assert_eq!(group.fate(&counts, "vip", 3), Fate::Wait);
        assert_eq!(group.fate(&counts, "std", 1), Fate::Wait);
    }
}
