//! Extractors that answer with our problems and point at the field.

mod address;
mod body;
mod caller;
mod precondition;

pub use address::{Path, Query};
pub use body::{Json, MergePatch};
pub(super) use caller::bearer;
pub use precondition::IfMatch;
