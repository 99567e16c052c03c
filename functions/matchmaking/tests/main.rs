//! The router and the worker of the matchmaking group, in process, against an
//! embedded DynamoDB.
#![allow(clippy::unwrap_used)]

mod answers;
mod matches;
mod personal;
mod privacy;
mod profile;
mod runs;
mod stage;
mod worker;
