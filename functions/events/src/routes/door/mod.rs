//! The door: tickets, check-in, and what devices without a network need.

pub mod attendance;
pub mod check_in;
pub mod keys;
pub mod pack;
pub mod tickets;
pub mod undo;
pub mod upload;

mod scan;

use shared::problem::Problem;

use crate::model::{Admission, CheckInList};

/// Marks stand in keys.
fn mark(pointer: &str, text: &str) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        return Ok(());
    }
    let detail = "must be 1 to 64 of A-Z, a-z, 0-9, '-', '_', '.' and ':'";
    Err(Problem::invalid(pointer, "invalid", detail))
}

/// The list of this name; without a name, the first.
fn list(admission: &Admission, id: Option<&str>) -> Result<CheckInList, Problem> {
    admission
        .list(id)
        .ok_or_else(|| Problem::invalid("/list", "unknown", "is no check-in list of the event"))
}
