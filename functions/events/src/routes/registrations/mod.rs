//! Registrations for an event.

pub mod accept;
pub mod add;
pub mod claim_page;
pub mod consent;
pub mod import;
pub mod list;
pub mod mine;
pub mod register;
pub mod remove;
pub mod take_over;
pub mod transfer;
pub mod withdraw;
