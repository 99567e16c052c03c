//! What concerns all that is kept of a person: deleting an account, exporting
//! it, and what the groups answer. The operation ties the events together;
//! platform keeps its ledger.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contract;
use crate::id::{OperationId, UserId};

/// A person wants their account deleted: it is deactivated, and erased unless
/// they change their mind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDeletionRequested {
    /// Who.
    pub user_id: UserId,
    /// The operation that sees to it.
    pub operation_id: OperationId,
    /// From when on it is erased.
    pub erase_at: Timestamp,
}
contract!(
    UserDeletionRequested,
    "user.deletion.requested",
    "auth",
    user_id
);

/// A person changed their mind: the account is as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDeletionCancelled {
    /// Who.
    pub user_id: UserId,
    /// The operation that was to see to it.
    pub operation_id: OperationId,
}
contract!(
    UserDeletionCancelled,
    "user.deletion.cancelled",
    "auth",
    user_id
);

/// A person's account is gone, and with it goes what every group keeps of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDeleted {
    /// Who.
    pub user_id: UserId,
    /// The operation that sees to it.
    pub operation_id: OperationId,
}
contract!(UserDeleted, "user.deleted", "auth", user_id);

/// A person wants everything that is kept of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserExportRequested {
    /// Who.
    pub user_id: UserId,
    /// The operation that sees to it.
    pub operation_id: OperationId,
}
contract!(
    UserExportRequested,
    "user.export.requested",
    "auth",
    user_id
);

/// Everything that is kept of a person lies ready for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserExportCompleted {
    /// Who.
    pub user_id: UserId,
    /// The operation that saw to it; its owner finds the file there.
    pub operation_id: OperationId,
    /// When the file is removed.
    pub expires_at: Timestamp,
}
contract!(
    UserExportCompleted,
    "user.export.completed",
    "platform",
    user_id
);

/// A group has done its part of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SagaStepCompleted {
    /// Of which.
    pub operation_id: OperationId,
    /// The group, as in `/domains/<group>`.
    pub group: String,
    /// How many of what were erased, or exported.
    pub counts: BTreeMap<String, u64>,
}

contract!(
    SagaStepCompleted,
    "saga.step.completed",
    group,
    operation_id
);
