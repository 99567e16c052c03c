//! The form of the audit log, and how anybody verifies it.
//!
//! The log consists of chains: one per organisation, and one of the platform.
//! The entries of a chain are numbered from 1. Each holds the hash of the entry
//! before it, and its own: SHA-256 over its canonical JSON (RFC 8785) without
//! the member `hash`. So no entry can be changed, left out or moved without
//! changing the hash of the last, the chain's *head*.
//!
//! An export is one canonical JSON text a line, the entries in order and the
//! head behind them: a chain that was cut off at its end has another head.
//!
//! This crate stands alone, without anything of AWS, so that the tool that
//! verifies a log is small enough to be read.

mod entry;
mod verify;

pub use entry::{Draft, Entry, FormatError, GENESIS, Head, Trailer, canonical, hash};
pub use verify::{Break, Verified, Verifier};
