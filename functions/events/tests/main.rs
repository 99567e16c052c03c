//! The group against an embedded DynamoDB: the router and the worker in process.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admission;
mod after;
mod approval;
mod attendees;
mod calendars;
mod crash;
mod crowd;
mod discretion;
mod door;
mod editing;
mod finding;
mod gone;
mod jobs;
mod keys;
mod life;
mod model;
mod offline;
mod parsers;
mod programme;
mod race;
mod recommending;
mod registration;
mod reviewing;
mod sharing;
mod support;
mod telling;
mod ticket_keys;
mod together;
mod venues;
mod waitlist;
mod worker;
