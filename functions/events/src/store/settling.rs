//! The one change of the counts by all moves of a commit.

use std::collections::BTreeSet;

use shared::commit::Action;
use shared::problem::Problem;

use super::guard::Guard;
use super::seats::Seats;
use crate::model::{Counts, Kinds};

impl Seats<'_> {
    /// Changes the counts by all the moves, if `guard` still holds. `failure` is
    /// the answer when they are not as they were seen.
    pub fn settle(self, guard: Guard, failure: Problem) {
        let taken: i64 = self.taken.values().sum();
        let waiting: i64 = self.waiting.values().sum();
        let none = self
            .taken
            .values()
            .chain(self.waiting.values())
            .all(|by| *by == 0);
        if none && self.held == 0 && self.moved == 0 {
            return;
        }
        let all = self.taken.iter().chain(&self.waiting);
        let more = all.filter(|(kind, by)| !kind.is_empty() && **by > 0);
        let more: BTreeSet<&String> = more.map(|(kind, _)| kind).collect();
        let action = self.commit.update(Counts::key_of(self.event.id));
        action.when("attribute_exists(#pk)").or(failure);
        for (name, by) in [
            ("confirmed", taken),
            ("waitlisted", waiting),
            ("held", self.held),
            ("queue", self.moved),
        ] {
            if by != 0 {
                action.add(name, by);
            }
        }
        for (what, deltas) in [("taken", &self.taken), ("waiting", &self.waiting)] {
            for (kind, by) in deltas
                .iter()
                .filter(|(kind, by)| !kind.is_empty() && **by != 0)
            {
                action.add(&Kinds::attribute(kind, what), *by);
            }
        }
        if taken > 0 || self.joined {
            action.when("#open = :open").bind(":open", true);
        }
        if taken > 0 {
            room(
                action,
                ("capacity", "confirmed"),
                self.counts.capacity,
                taken,
            );
        }
        for (kind, by) in self
            .taken
            .iter()
            .filter(|(kind, by)| !kind.is_empty() && **by > 0)
        {
            let names = [
                Kinds::attribute(kind, "quota"),
                Kinds::attribute(kind, "taken"),
            ];
            let quota = self.counts.kind(kind).quota;
            room(action, (&names[0], &names[1]), quota, *by);
        }
        for kind in more {
            // A type that was removed in this moment is not there to be had.
            let taken = Kinds::attribute(kind, "taken");
            action.when(&format!("attribute_exists(#{taken})"));
        }
        let waits = self.waiting.iter().find(|(_, by)| **by > 0);
        guard.hold(
            action,
            self.counts,
            waits.map(|(kind, by)| (kind.as_str(), *by)),
        );
    }
}

/// The limit is the one that was seen, and `by` more fit under it.
fn room(action: &mut Action, (limit, taken): (&str, &str), most: Option<u32>, by: i64) {
    let Some(most) = most else {
        action.when(&format!("attribute_not_exists(#{limit})"));
        return;
    };
    let (seen, room) = (format!(":seen_{limit}"), format!(":room_{limit}"));
    let left = i64::from(most) - by;
    action
        .when(&format!("#{limit} = {seen}"))
        .bind(&seen, most)
        .bind(&room, left);
    if left < 0 {
        // More than there are at all; nothing is below this.
        action.when(&format!("#{taken} <= {room}"));
    } else {
        action.when(&format!(
            "(attribute_not_exists(#{taken}) OR #{taken} <= {room})"
        ));
    }
}
