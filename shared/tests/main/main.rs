//! The shared crate against an embedded DynamoDB: the ground, the commit, what
//! a crash leaves behind, and the HTTP layers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod administrators;
mod attempts;
mod commit_faults;
mod commit_state;
mod commit_whole;
mod crash;
mod ground;
mod http;
mod idempotency;
mod limits;
mod personal;
mod routes;
mod scopes;
mod support;
