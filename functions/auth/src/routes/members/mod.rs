//! `/v1/organizations/{organizationId}/members`: who belongs, as what.

pub mod add;
pub mod change;
pub mod list;
pub mod remove;

use jiff::Timestamp;
use serde::Serialize;
use shared::{id::UserId, principal::Role};
use utoipa::ToSchema;

use crate::model::{account::Account, organization::Member};

/// A member as other members see them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    user_id: UserId,
    name: Option<String>,
    username: Option<String>,
    /// Shown to those who manage members.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    role: Role,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl MemberView {
    fn new(member: &Member, account: Option<&Account>, with_email: bool) -> Self {
        Self {
            user_id: member.user_id,
            name: account.and_then(|account| account.name.clone()),
            username: account.and_then(|account| account.username.clone()),
            email: account
                .filter(|_| with_email)
                .map(|account| account.email.0.clone()),
            role: member.role,
            since: member.since,
        }
    }
}
