//! The audit log: what happened that matters to security, written down for good.
//!
//! A worker hears the events of all groups ([`worker`]), keeps what the rules
//! say of each ([`rules`]) and appends it to a chain ([`store`]): the chain of
//! the organisation, or the platform's. Entries never expire; the form of a
//! chain and how it is verified is the crate `plenary-audit`'s.

pub mod rules;
pub mod store;
pub mod worker;

pub use store::AuditStore;

/// How many entries a part of an export has at most: with the largest entries
/// that there can be it stays far below the 6 MB that a function may answer.
pub const PAGE: u32 = 1000;
