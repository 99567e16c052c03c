//! The shared crate against an embedded DynamoDB: the ground, the commit, what
//! a crash leaves behind, and the HTTP layers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commit_faults;
mod commit_state;
mod crash;
mod ground;
mod stop;
mod support;
