//! What every group does with all that it keeps of a person: erase it when the
//! account is gone, and export it when the person asks.
//!
//! A group hears of either by an event, does its part in its own table, and
//! commits [`SagaStepCompleted`](crate::event::operations::SagaStepCompleted)
//! with the last of it.

use crate::id::UserId;

mod erasure;
#[cfg(feature = "objects")]
mod export;

pub use erasure::{Erased, Erasure};
#[cfg(feature = "objects")]
pub use export::{ARCHIVE_KEPT, Export, PART_LIMIT, archive_key, part_key};

/// Who stands in the place of somebody whose account was deleted, where what
/// they did belongs to others and stays. It is nobody's account, and nobody is
/// told of anything under it.
pub const NOBODY: UserId = UserId::from_uuid(uuid::Uuid::nil());

/// The groups that keep something of a person: an operation is complete when
/// each of them has answered.
pub const GROUPS: [&str; 5] = ["auth", "events", "matchmaking", "media", "notifications"];
