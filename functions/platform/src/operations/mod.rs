//! The ledger of operations: deleting an account and exporting it, over all
//! groups (XC-03, SC-11).
//!
//! Nobody steers an operation. Every group does its part when it hears the
//! event, and says so; the ledger ([`worker`]) writes down what it hears of each
//! operation ([`model`], [`store`]), makes one file of the parts of an export
//! ([`archive`]), and is what the routes show.

pub mod archive;
pub mod model;
pub mod store;
pub mod worker;

pub use store::OperationStore;
pub use worker::Ledger;

/// The types of events that the ledger is made of. The worker's subscription in
/// the template names them; a test compares.
pub const HEARD: &[&str] = &[
    "user.deletion.requested",
    "user.deletion.cancelled",
    "user.deleted",
    "user.export.requested",
    "saga.step.completed",
];
