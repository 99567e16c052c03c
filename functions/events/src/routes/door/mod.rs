//! The door: tickets, check-in, and what devices without a network need.

pub mod attendance;
pub mod check_in;
pub mod keys;
pub mod pack;
pub mod tickets;
pub mod upload;

mod scan;

use shared::problem::Problem;

use crate::model::{Admission, CheckInList};

/// The list of this name; without a name, the first.
fn list(admission: &Admission, id: Option<&str>) -> Result<CheckInList, Problem> {
    admission
        .list(id)
        .ok_or_else(|| Problem::invalid("/list", "unknown", "is no check-in list of the event"))
}
