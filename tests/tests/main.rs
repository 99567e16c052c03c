//! End-to-end tests against the running stack: over HTTP, as a client would,
//! with the emulator enforcing each function's role.
//!
//! `cargo xtask test` brings the stack up and names its outputs in
//! `PLENARY_OUTPUTS`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod abuse;
mod audit;
mod bus;
mod calendars;
mod days;
mod door;
mod edge;
mod ground;
mod invited;
mod journey;
mod leaving;
mod operators;
mod programs;
mod race;
mod readme;
mod second_factor;
mod stack;
