//! Registrations for an event.

pub mod list;
pub mod mine;
pub mod register;
pub mod withdraw;
