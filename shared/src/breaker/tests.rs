use std::time::Duration;

use super::*;
use crate::testing::{Fault, Faults, World, cx};

async fn fail(breaker: &Breaker, times: u32) {
    for _ in 0..times {
        breaker.admit(&cx()).await.unwrap().failed(&cx()).await;
    }
}

/// The pauses are the clock's: nothing here waits.
#[tokio::test]
async fn gw_21_failures_in_a_row_open_it_for_all_and_one_probe_closes_it() {
    let world = World::new().await;
    let here = Breaker::new(world.table(), "google");
    let elsewhere = Breaker::new(world.table(), "google");
    fail(&here, THRESHOLD - 1).await;
    elsewhere.admit(&cx()).await.unwrap().succeeded(&cx()).await;
    fail(&here, THRESHOLD - 1).await;
    fail(&elsewhere, 1).await;
    let open = elsewhere.admit(&cx()).await.unwrap_err();
    assert_eq!(open.retry_after, PAUSE.as_secs() + 1);
    // Another provider's is its own.
    let other = Breaker::new(world.table(), "linkedin");
    other.admit(&cx()).await.unwrap().succeeded(&cx()).await;

    world.clock.advance(PAUSE);
    let probe = here.admit(&cx()).await.unwrap();
    assert!(elsewhere.admit(&cx()).await.is_err(), "one probe at a time");
    probe.failed(&cx()).await;
    world.clock.advance(PAUSE);
    assert!(here.admit(&cx()).await.is_err(), "the pause has doubled");
    world.clock.advance(PAUSE);
    let probe = elsewhere.admit(&cx()).await.unwrap();
    probe.succeeded(&cx()).await;
    fail(&here, THRESHOLD - 1).await;
    assert!(here.admit(&cx()).await.is_ok(), "it forgot all");
}

#[tokio::test]
async fn gw_21_failures_far_apart_are_no_row_and_a_probe_that_is_lost_is_made_again() {
    let world = World::new().await;
    let breaker = Breaker::new(world.table(), "google");
    for _ in 0..3 * THRESHOLD {
        fail(&breaker, 1).await;
        world.clock.advance(WINDOW + SignedDuration::from_secs(1));
    }
    fail(&breaker, THRESHOLD).await;
    assert!(breaker.admit(&cx()).await.is_err());
    world.clock.advance(PAUSE);
    // Its instance dies.
    let _ = breaker.admit(&cx()).await.unwrap();
    assert!(breaker.admit(&cx()).await.is_err());
    world.clock.advance(PROBE);
    assert!(breaker.admit(&cx()).await.is_ok());
}

#[tokio::test]
async fn gw_21_of_failures_at_once_enough_count() {
    let world = World::new().await;
    let breaker = Breaker::new(world.table(), "google");
    let calls = (0..20).map(|_| async {
        if let Ok(permit) = breaker.admit(&cx()).await {
            permit.failed(&cx()).await;
        }
    });
    futures::future::join_all(calls).await;
    assert!(breaker.admit(&cx()).await.is_err());
}

#[tokio::test]
async fn gw_21_a_breaker_that_cannot_be_read_stops_nobody() {
    let world = World::new().await;
    let faults = Faults::before(&world.db);
    let breaker = Breaker::new(&faults.bare_table(world.table()), "google");
    fail(&breaker, THRESHOLD).await;
    faults.always(Some(Fault::error(500, "InternalServerError")));
    let short = Context::begin(Duration::from_millis(300));
    let permit = breaker.admit(&short).await.unwrap();
    permit.failed(&short).await;
    faults.always(None);
    assert!(breaker.admit(&cx()).await.is_err());
}
