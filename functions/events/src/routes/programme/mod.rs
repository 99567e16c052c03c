//! The programme of an event: its sessions, or the editions of its series.

pub mod clashes;
pub mod list;
