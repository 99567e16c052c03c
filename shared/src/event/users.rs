//! What users publishes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::contract;
use crate::id::UserId;

/// A person's profile changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserProfileUpdated {
    /// Who.
    pub user_id: UserId,
    /// The changed fields with their new values.
    pub changes: Map<String, Value>,
}
contract!(UserProfileUpdated, "user.profile.updated", "users", user_id);
