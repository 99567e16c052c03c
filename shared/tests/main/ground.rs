//! XC-12, XC-05: what the commit relies on, on every DynamoDB that we run on:
//! the embedded one always, the one at `PLENARY_GROUND_ENDPOINT` where given.

use shared::config::Env;
use shared::testing::{TestDb, ground};

async fn everywhere(name: &str) {
    ground::run(&TestDb::start().await, name).await;
    if let Some(endpoint) = Env::read().optional("PLENARY_GROUND_ENDPOINT") {
        ground::run(&TestDb::at(&endpoint), name).await;
    }
}

macro_rules! on_the_ground {
    ($($name:ident)*) => {
        $(#[tokio::test] async fn $name() { everywhere(stringify!($name)).await; })*

        #[test]
        fn every_check_is_run() {
            let named = [$(stringify!($name)),*];
            let known: Vec<&str> = ground::SUITE.iter().map(|(name, _)| *name).collect();
            assert_eq!(named.as_slice(), known);
        }
    };
}

on_the_ground! {
    a_failed_put_shows_what_stood_there
    a_failed_update_changes_nothing
    a_conditional_delete_needs_its_condition
    an_expired_item_counts_as_absent_where_we_say_so
    counters_start_at_nothing_and_lose_no_step
    racing_creations_have_one_winner
    racing_guarded_updates_stop_at_the_guard
    an_item_has_at_most_400_kb
    all_or_nothing_with_a_reason_per_action
    a_check_holds_others_back
    a_token_makes_a_repetition_harmless
    one_item_takes_one_action
    a_hundred_actions_and_no_more
    racing_transactions_never_pass_the_cap
    transfers_neither_make_nor_lose
    an_expired_item_gives_way_in_a_transaction
    pages_follow_each_other_both_ways
    ranges_of_sort_keys
    indexes_hold_only_what_has_their_keys
    pages_of_an_index_with_equal_keys
    batches_of_more_than_a_hundred
    expired_items_are_invisible
}
