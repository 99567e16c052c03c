//! The events group: events from draft to completion, their approval, saved
//! events, registrations with a waitlist, and the door.
//!
//! This is the model room: the other groups' crates look the same.

pub mod keyring;
pub mod model;
pub mod problems;
pub mod recommend;
pub mod routes;
pub mod store;
pub mod worker;

/// The group's name.
pub const GROUP: &str = "events";

pub use problems::PROBLEMS;
pub use routes::{App, api, openapi};
