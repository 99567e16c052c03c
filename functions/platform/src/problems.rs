//! The group's own problem types: there are none beside the common ones.

use shared::problem::ProblemType;

/// See the module.
pub const PROBLEMS: &[&ProblemType] = &[];
