//! Writing an admission, with the guard's quotas in step.

use shared::commit::Commit;
use shared::event::events::AdmissionUpdated;
use shared::problem::{Problem, VERSION_CONFLICT};

use crate::model::{Admission, Counts, Kinds, TicketType};
use crate::problems::{CAPACITY_TOO_SMALL, TICKET_TYPE_IN_USE};

/// Writes `next` in place of what was read, and says so; the counts after it.
///
/// # Errors
/// 409 when somebody has more places than `next` leaves.
pub(in crate::routes) fn admit(
    commit: &mut Commit,
    before: &Admission,
    next: &Admission,
    counts: Counts,
) -> Result<Counts, Problem> {
    let counts = fits(before, next, counts)?;
    if before.version == 0 {
        let taken = Problem::new(&VERSION_CONFLICT).detail("It was changed by somebody else.");
        commit.create(next).or(taken);
    } else {
        commit.replace(next);
    }
    restrict(commit, before, next);
    let event_id = next.event_id;
    commit.publish(&AdmissionUpdated { event_id }, before.version + 1);
    Ok(counts)
}

/// The ticket types that `next` has no more.
fn gone<'a>(before: &'a Admission, next: &'a Admission) -> impl Iterator<Item = &'a TicketType> {
    let kept = |id: &str| next.ticket_types.iter().any(|kind| kind.id == id);
    before
        .ticket_types
        .iter()
        .filter(move |kind| !kept(&kind.id))
}

/// The counts under `next`. What is certain to fail is refused before the
/// transaction, with a pointer.
pub(super) fn fits(
    before: &Admission,
    next: &Admission,
    mut counts: Counts,
) -> Result<Counts, Problem> {
    for (i, kind) in next.ticket_types.iter().enumerate() {
        let share = counts.kinds.0.entry(kind.id.clone()).or_default();
        share.quota = kind.quota;
        if kind.quota.is_some_and(|most| share.taken > most) {
            let detail = format!("is below the {} places that are taken", share.taken);
            return Err(Problem::new(&CAPACITY_TOO_SMALL).error(
                format!("/ticketTypes/{i}/quota"),
                "out-of-range",
                &detail,
            ));
        }
    }
    for kind in gone(before, next) {
        let share = counts.kinds.0.remove(&kind.id).unwrap_or_default();
        if share.taken + share.waiting > 0 {
            return Err(Problem::new(&TICKET_TYPE_IN_USE)
                .detail(format!("{} has registrations.", kind.name)));
        }
    }
    Ok(counts)
}

/// Keeps the guard's quotas in step; the conditions hold against races.
fn restrict(commit: &mut Commit, before: &Admission, next: &Admission) {
    let action = commit.update(Counts::key_of(next.event_id));
    action
        .when("attribute_exists(#pk)")
        .or(Problem::new(&CAPACITY_TOO_SMALL).detail("Somebody registered in this moment."));
    for kind in &next.ticket_types {
        let [quota, taken] = ["quota", "taken"].map(|what| Kinds::attribute(&kind.id, what));
        // Every type stands there, taken or not: whoever reads the counts alone
        // knows which there are.
        action.add(&taken, 0);
        match kind.quota {
            None => action.remove(&quota),
            Some(most) => {
                let bound = format!(":most_{}", kind.id);
                action
                    .set(&quota, most)
                    .when(&format!(
                        "(attribute_not_exists(#{taken}) OR #{taken} <= {bound})"
                    ))
                    .bind(&bound, most)
            }
        };
    }
    for kind in gone(before, next) {
        for what in ["taken", "waiting"] {
            let name = Kinds::attribute(&kind.id, what);
            action
                .when(&format!(
                    "(attribute_not_exists(#{name}) OR #{name} = :unused)"
                ))
                .bind(":unused", 0)
                .remove(&name);
        }
        action.remove(&Kinds::attribute(&kind.id, "quota"));
    }
}
