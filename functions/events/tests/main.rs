//! The group against an embedded DynamoDB: the router and the worker in process.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admission;
mod after;
mod approval;
mod attendees;
mod crash;
mod door;
mod editing;
mod finding;
mod model;
mod offline;
mod race;
mod registration;
mod support;
mod waitlist;
mod worker;
