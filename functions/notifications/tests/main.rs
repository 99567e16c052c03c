//! The notifications group in process: router and worker against an embedded
//! DynamoDB, a table of its own per test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod calendars;
mod consumers;
mod duplicates;
mod guards;
mod inbox;
mod leaving;
mod mail;
#[path = "../../events/tests/parsers.rs"]
mod parsers;
mod preferences;
mod stage;
mod unsubscribe;
mod welcome;
