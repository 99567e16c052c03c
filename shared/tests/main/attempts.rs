//! B1-10: attempts at an account are delayed, never locked out.

use futures::future::join_all;
use jiff::SignedDuration;
use shared::limit::{Attempt, Limiter, Policy};
use shared::table::Table;
use shared::testing::{Fault, Faults, World};

const POLICY: Policy = Policy {
    name: "account",
    quota: 3,
    window: 900,
};

fn attempt(account: &str, network: &str) -> Attempt {
    Attempt::new("realm", "sign-in", account, network)
}

async fn allowed(limiter: &Limiter, attempt: &Attempt) -> bool {
    limiter
        .attempt(&POLICY, attempt)
        .await
        .unwrap()
        .verdict
        .allowed
}

#[tokio::test]
async fn b1_10_each_further_attempt_waits_longer_from_wherever_it_comes() {
    let world = World::new().await;
    let limiter = &world.core.limiter;
    for left in [2, 1, 0] {
        let from = attempt("ada", &format!("192.0.2.{left}"));
        let verdict = limiter.attempt(&POLICY, &from).await.unwrap().verdict;
        assert!(verdict.allowed);
        assert_eq!(verdict.remaining, left);
    }
    for delay in [3516, 7032, 14063, 28125] {
        let early = SignedDuration::from_millis(delay - 50);
        let refused = limiter.attempt(&POLICY, &attempt("ada", "192.0.2.9")).await;
        let reset = refused.unwrap().verdict.reset;
        assert!(
            (delay / 1000..=delay / 1000 + 1).contains(&i64::from(reset)),
            "{reset}"
        );
        world.clock.advance(early);
        assert!(
            !allowed(limiter, &attempt("ada", "192.0.2.8")).await,
            "{delay}"
        );
        world.clock.advance(SignedDuration::from_millis(50));
        assert!(
            allowed(limiter, &attempt("ada", "192.0.2.7")).await,
            "{delay}"
        );
    }
    // Nobody else is delayed, and what is refused delays no further.
    assert!(allowed(limiter, &attempt("eve", "192.0.2.7")).await);
    // After a day without attempts it begins anew.
    world.clock.advance(SignedDuration::from_hours(25));
    for _ in 0..3 {
        assert!(allowed(limiter, &attempt("ada", "192.0.2.6")).await);
    }
    assert!(!allowed(limiter, &attempt("ada", "192.0.2.6")).await);
}

#[tokio::test]
async fn b1_10_racing_attempts_get_no_more_than_their_number() {
    let world = World::new().await;
    let table = world.db.table("limits").await;
    let limiters: Vec<_> = (0..4).map(|_| Limiter::new(table.clone())).collect();
    let race = || async {
        let tries = (0..60).map(|i| {
            let from = attempt("ada", &format!("198.51.100.{i}"));
            let limiter = &limiters[i % limiters.len()];
            async move {
                limiter
                    .attempt(&POLICY, &from)
                    .await
                    .unwrap()
                    .verdict
                    .allowed
            }
        });
        let outcomes = join_all(tries).await;
        outcomes.into_iter().filter(|allowed| *allowed).count()
    };
    assert_eq!(race().await, 3);
    world.clock.advance(SignedDuration::from_secs(4));
    assert_eq!(race().await, 1, "of those after a delay one");
}

#[tokio::test]
async fn b1_10_who_was_right_begins_anew_and_is_not_stopped_by_strangers_elsewhere() {
    let world = World::new().await;
    let limiter = &world.core.limiter;
    let (home, hotel) = (attempt("ada", "192.0.2.1"), attempt("ada", "203.0.113.1"));
    // Not known yet: counted with strangers, and set back with them.
    let tried = limiter.attempt(&POLICY, &home).await.unwrap();
    assert!(tried.verdict.allowed && tried.as_stranger);
    limiter.forgive(&POLICY, &home, true).await;
    for _ in 0..3 {
        assert!(allowed(limiter, &hotel).await, "all three are free again");
    }
    assert!(!allowed(limiter, &hotel).await);
    // The stranger goes on and on; at home nothing of it is felt, and being
    // right there sets back no stranger's count.
    for _ in 0..5 {
        let tried = limiter.attempt(&POLICY, &home).await.unwrap();
        assert!(tried.verdict.allowed && !tried.as_stranger);
        limiter.forgive(&POLICY, &home, false).await;
        assert!(!allowed(limiter, &attempt("ada", "203.0.113.2")).await);
    }
    for _ in 0..3 {
        assert!(allowed(limiter, &home).await);
    }
    assert!(
        !allowed(limiter, &home).await,
        "there too attempts are counted"
    );
    // Proved otherwise, by a letter: everything begins anew.
    limiter
        .forgive(&POLICY, &attempt("ada", "203.0.113.3"), true)
        .await;
    assert!(allowed(limiter, &attempt("ada", "203.0.113.4")).await);
    // Known for 90 days since somebody was right there.
    world.clock.advance(SignedDuration::from_hours(24 * 91));
    assert!(limiter.attempt(&POLICY, &home).await.unwrap().as_stranger);
}

#[tokio::test]
async fn b1_10_a_flood_costs_little_and_a_limiter_that_fails_lets_through() {
    let world = World::new().await;
    let faults = Faults::before(&world.db);
    let limiter = Limiter::new(faults.bare_table(&world.db.table("limits").await));
    let from = attempt("ada", "192.0.2.1");
    for _ in 0..4 {
        limiter.attempt(&POLICY, &from).await.unwrap();
    }
    faults.calls();
    for _ in 0..100 {
        assert!(!allowed(&limiter, &from).await);
    }
    assert_eq!(faults.calls().len(), 0);
    faults.always(Some(Fault::error(400, "AccessDeniedException")));
    assert_eq!(limiter.attempt(&POLICY, &attempt("eve", "x")).await, None);
    limiter.forgive(&POLICY, &attempt("eve", "x"), true).await;
}

/// DynamoDB removes a count by its `ttl`, which is renewed by every attempt: a
/// guesser who goes on for days gets no free attempts anew.
#[tokio::test]
async fn b1_10_a_count_lives_as_long_as_the_attempts_go_on() {
    let world = World::new().await;
    let limiter = &world.core.limiter;
    let table = Table::clone(limiter.table());
    for hours in 0..60 {
        let from = attempt("ada", &format!("192.0.2.{hours}"));
        limiter.attempt(&POLICY, &from).await.unwrap();
        let now = world.clock.now().as_second();
        let kept = world.db.items(&table).await;
        assert_eq!(kept.len(), 1);
        let ttl: i64 = kept[0]["ttl"].as_n().unwrap().parse().unwrap();
        assert!(ttl >= now + 24 * 3600, "after {hours} hours");
        world.clock.advance(SignedDuration::from_hours(1));
    }
}
