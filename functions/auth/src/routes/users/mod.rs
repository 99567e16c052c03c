//! `/v1/auth/users`: accounts as administrators of the platform see them.

pub mod change;
pub mod get;
pub mod list;

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    id::UserId,
    principal::{PlatformRole, Principal},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::{
    model::{
        account::Account,
        administration::{Administration, Administrator, ExternalId, Refusal, Status, Suspension},
        deletion::Deletion,
    },
    store::Subject,
};

/// An account in a list of administrators.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserSummary {
    id: UserId,
    #[schema(example = "ada@example.org")]
    email: String,
    /// Whether the address was confirmed.
    email_verified: bool,
    name: Option<String>,
    username: Option<String>,
    company: Option<String>,
    /// What the person is on the platform.
    role: PlatformRole,
    status: Status,
    /// Why it is suspended, since when and by whom.
    suspension: Option<Suspension>,
    /// That its person wants it deleted, since when, and until when they can undo that.
    deletion: Option<Deletion>,
    /// Who the person is in other user bases.
    external_ids: Vec<ExternalId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
}

impl UserSummary {
    fn new(account: &Account, record: &Administration) -> Self {
        Self {
            id: account.id,
            email: account.email.0.clone(),
            email_verified: account.email_verified,
            name: account.name.clone(),
            username: account.username.clone(),
            company: account.company.clone(),
            role: record.role,
            status: record.status(),
            suspension: record.suspension.clone(),
            deletion: record.deletion.clone(),
            external_ids: record.external_ids.clone(),
            created_at: account.created_at,
            last_login_at: account.last_login_at,
        }
    }
}

/// An account as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserDetail {
    #[serde(flatten)]
    summary: UserSummary,
    /// Whether the person must choose another password before signing in with one.
    password_reset_required: bool,
}

impl UserDetail {
    fn new(subject: &Subject) -> Self {
        Self {
            summary: UserSummary::new(&subject.account, &subject.record),
            password_reset_required: must_reset(subject),
        }
    }
}

fn must_reset(subject: &Subject) -> bool {
    subject
        .credential
        .as_ref()
        .is_some_and(|credential| credential.reset_required)
}

/// The caller, if an administrator.
///
/// # Errors
/// 403 for everybody else.
fn administrator(principal: &Principal) -> Result<Administrator, Problem> {
    principal.require_administrator()?;
    Ok(Administrator {
        user_id: principal.user_id,
        role: principal.platform_role,
    })
}

fn refused(refusal: Refusal) -> Problem {
    Problem::forbidden(refusal.to_string())
}
