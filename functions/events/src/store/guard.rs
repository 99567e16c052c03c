//! What must still be true when moves are committed. Each guard pins what the
//! decision rests on and nothing else: what others do meanwhile that would not
//! have changed it must not make it fail.

use shared::commit::Action;

use crate::model::{Counts, Kinds};

/// What must still be true of places and waitlist when moves are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Nothing: what is freed is given to those who wait, one for one, or the
    /// event gives no places any more.
    Nothing,
    /// Nobody waits.
    NobodyWaits,
    /// Those who wait are still held back by the quotas of their types, and
    /// nobody waits for another.
    OthersBlocked,
    /// There is still not room enough for who is going to wait.
    NoRoom,
    /// Somebody waits for this ticket type, so that one more waits rightly.
    SomebodyWaits,
    /// Nobody joined or left the waitlist, and no place was freed: the moves
    /// rest on who waits and on what is free.
    AsSeen,
}

impl Guard {
    /// What a place rests on that is given to somebody who need not wait.
    pub fn of_place(counts: &Counts) -> Self {
        if counts.waitlisted == 0 {
            Self::NobodyWaits
        } else {
            Self::OthersBlocked
        }
    }

    /// What a place on the waitlist rests on, for `quantity` of `kind`; whether
    /// somebody `waits` for it who can get a place some day.
    pub fn of_waiting(counts: &Counts, kind: &str, quantity: u32, waits: bool) -> Self {
        let (overall, own) = counts.room(kind);
        let typed = !kind.is_empty() || counts.kinds.0.is_empty();
        if overall.min(own) < quantity {
            Self::NoRoom
        } else if waits && typed {
            Self::SomebodyWaits
        } else {
            Self::AsSeen
        }
    }

    /// Puts it into the change of the counts that were read as `seen`; `waits`
    /// is who is going to wait, and for how many places.
    pub(super) fn hold(self, action: &mut Action, seen: &Counts, waits: Option<(&str, i64)>) {
        match self {
            Self::Nothing => {}
            Self::NobodyWaits => {
                action.when("#waitlisted = :nobody").bind(":nobody", 0);
            }
            Self::OthersBlocked => others_blocked(action, seen),
            Self::NoRoom => no_room(action, seen, waits.unwrap_or_default()),
            Self::SomebodyWaits => {
                let kind = waits.map_or("", |(kind, _)| kind);
                let name = if kind.is_empty() {
                    "waitlisted".to_owned()
                } else {
                    Kinds::attribute(kind, "waiting")
                };
                action
                    .when(&format!("#{name} > :nobody"))
                    .bind(":nobody", 0);
            }
            Self::AsSeen => {
                same_queue(action, seen);
                at_least(action, "confirmed", seen.confirmed);
                for kind in seen
                    .waited_for()
                    .into_iter()
                    .filter(|kind| !kind.is_empty())
                {
                    let taken = Kinds::attribute(kind, "taken");
                    at_least(action, &taken, seen.kind(kind).taken);
                }
            }
        }
    }
}

/// A type without a free place blocks whoever waits for it, so it does not
/// matter who that is. Where a group is blocked beside free places, it does.
fn others_blocked(action: &mut Action, seen: &Counts) {
    let waited_for = seen.waited_for();
    let mut full = true;
    for kind in &waited_for {
        let share = seen.kind(kind);
        full &= share.quota.is_some_and(|quota| share.taken >= quota);
        if kind.is_empty() {
            continue;
        }
        let [quota, taken] = ["quota", "taken"].map(|what| Kinds::attribute(kind, what));
        if let Some(most) = share.quota {
            same(action, &quota, most);
            at_least(action, &taken, share.taken.min(most));
        }
    }
    if !full {
        same_queue(action, seen);
        return;
    }
    for kind in seen
        .kinds
        .0
        .keys()
        .filter(|kind| !waited_for.contains(&kind.as_str()))
    {
        let waiting = Kinds::attribute(kind, "waiting");
        action
            .when(&format!(
                "(attribute_not_exists(#{waiting}) OR #{waiting} = :nobody)"
            ))
            .bind(":nobody", 0);
    }
}

/// The limit that leaves too few places is still the same, and as used up.
fn no_room(action: &mut Action, seen: &Counts, (kind, by): (&str, i64)) {
    let by = u32::try_from(by).unwrap_or(0);
    let share = seen.kind(kind);
    let [quota, taken] = ["quota", "taken"].map(|what| Kinds::attribute(kind, what));
    for (limit, most, name, used) in [
        ("capacity", seen.capacity, "confirmed", seen.confirmed),
        (quota.as_str(), share.quota, taken.as_str(), share.taken),
    ] {
        if let Some(most) = most.filter(|most| most.saturating_sub(used) < by) {
            same(action, limit, most);
            at_least(action, name, (most + 1).saturating_sub(by));
            return;
        }
    }
}

fn same(action: &mut Action, name: &str, seen: u32) {
    let value = format!(":seen_{name}");
    action
        .when(&format!("#{name} = {value}"))
        .bind(&value, seen);
}

fn at_least(action: &mut Action, name: &str, least: u32) {
    if least > 0 {
        let value = format!(":least_{name}");
        action
            .when(&format!("#{name} >= {value}"))
            .bind(&value, least);
    }
}

fn same_queue(action: &mut Action, seen: &Counts) {
    let condition = if seen.queue == 0 {
        "(attribute_not_exists(#queue) OR #queue = :seen_queue)"
    } else {
        "#queue = :seen_queue"
    };
    action.when(condition).bind(":seen_queue", seen.queue);
}
