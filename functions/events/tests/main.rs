//! The group against an embedded DynamoDB: the router and the worker in process.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod approval;
mod calendars;
mod editing;
mod finding;
mod parsers;
mod programme;
mod recommending;
mod registration;
mod support;
mod telling;
mod venues;
mod worker;
