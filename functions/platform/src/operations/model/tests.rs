use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn stepped(group: &str, second: i64, count: u64) -> Fact {
    Fact::Stepped {
        group: group.to_owned(),
        step: Step {
            completed_at: at(second),
            counts: BTreeMap::from([("items".to_owned(), count)]),
        },
    }
}

/// Everything that can be heard of a deletion, two answers of one group too.
fn deletion(user_id: UserId) -> Vec<Fact> {
    let mut facts = vec![
        Fact::DeletionRequested {
            user_id,
            at: at(0),
            erase_at: at(9),
        },
        Fact::Deleted { at: at(10) },
        stepped("auth", 30, 7),
        stepped("auth", 30, 6),
    ];
    let groups = Kind::AccountDeletion.groups();
    facts.extend(
        groups
            .zip(11..)
            .map(|(group, time)| stepped(group, time, 3)),
    );
    facts
}

fn export(user_id: UserId) -> Vec<Fact> {
    let mut facts = vec![Fact::ExportRequested { user_id, at: at(0) }];
    facts.extend(
        GROUPS
            .into_iter()
            .zip(1..)
            .map(|(group, time)| stepped(group, time, 3)),
    );
    facts
}

fn cancelled(user_id: UserId) -> Vec<Fact> {
    vec![
        Fact::DeletionRequested {
            user_id,
            at: at(0),
            erase_at: at(9),
        },
        Fact::DeletionCancelled { user_id, at: at(5) },
    ]
}

fn sum<'a>(id: OperationId, facts: impl IntoIterator<Item = &'a Fact>) -> Operation {
    facts.into_iter().fold(Operation::new(id), Operation::with)
}

proptest! {
    /// XC-03: whatever comes first, and however often, the sum is the same;
    /// and so it is of any part of the facts.
    #[test]
    fn xc_03_the_order_of_events_and_their_number_change_nothing(
        order in Just((0..24).collect::<Vec<usize>>()).prop_shuffle(),
        again in proptest::collection::vec(any::<Index>(), 0..12),
        taken in 1_usize..24,
        which in 0_usize..3,
    ) {
        let (id, user) = (OperationId::new(), UserId::new());
        let all = vec![deletion(user), export(user), cancelled(user)].swap_remove(which);
        let mut come: Vec<usize> = order.into_iter().filter(|at| *at < all.len()).collect();
        come.truncate(taken);
        let repeated: Vec<usize> = again.iter().map(|at| *at.get(&come)).collect();
        let heard = come.iter().chain(&repeated).map(|at| &all[*at]);
        let mut once = come.clone();
        once.sort_unstable();
        prop_assert_eq!(sum(id, heard), sum(id, once.iter().map(|at| &all[*at])));
    }
}

#[test]
fn xc_03_a_deletion_is_scheduled_runs_and_is_completed() {
    let (id, user) = (OperationId::new(), UserId::new());
    let all = deletion(user);
    let mut statuses: Vec<_> = (0..=all.len())
        .map(|n| sum(id, &all[..n]).status())
        .collect();
    statuses.dedup();
    let wanted = [Status::Scheduled, Status::Running, Status::Completed];
    assert_eq!(statuses[0], None, "nothing is known yet");
    assert_eq!(statuses[1..], wanted.map(Some));
    let done = sum(id, &all);
    assert_eq!(
        (done.started_at(), done.completed_at()),
        (Some(at(10)), Some(at(16)))
    );
    assert_eq!(sum(id, &cancelled(user)).status(), Some(Status::Cancelled));
}

/// B1-12: the proof holds nothing personal, whatever came late.
#[test]
fn b1_12_who_is_gone_is_not_named_again() {
    let (id, user) = (OperationId::new(), UserId::new());
    let mut facts = deletion(user);
    assert_eq!(sum(id, &facts[..1]).user_id, Some(user));
    facts.rotate_left(1);
    assert_eq!(sum(id, &facts).user_id, None);
    let discarded = [Fact::Discarded { at: at(1) }, export(user).swap_remove(0)];
    let discarded = sum(id, &discarded);
    assert_eq!((discarded.user_id, discarded.status()), (None, None));
}

#[test]
fn sc_11_an_export_is_due_when_every_group_has_answered() {
    let (id, user) = (OperationId::new(), UserId::new());
    let all = export(user);
    for missing in 0..all.len() {
        let some = all.iter().enumerate().filter(|(at, _)| *at != missing);
        assert!(!sum(id, some.map(|(_, fact)| fact)).is_due());
    }
    let due = sum(id, &all);
    assert!(due.is_due() && due.status() == Some(Status::Running));
    assert!(!due.with(&Fact::Discarded { at: at(9) }).is_due());
}
