//! `/v1/audit-log`: what happened, for those who answer for it (OR-07, SC-07).

pub mod export;
pub mod list;

use jiff::Timestamp;
use plenary_audit::Entry;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    id::OrganizationId,
    principal::{Permission, Principal},
    problem::Problem,
};
use utoipa::ToSchema;

use crate::audit::rules::PLATFORM;

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// An organisation's id, or `platform`.
    #[schema(example = "platform")]
    chain: String,
    /// The entry's place in its chain, from 1.
    sequence: u64,
    /// The event that told of it.
    event_id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
    /// Who did it; `null` for the system and for operators.
    actor: Option<String>,
    /// The API key or service account by which they did; `null` for a sign-in.
    actor_by: Option<String>,
    /// What was done: a type of `GET /v1/meta/events`.
    #[schema(example = "organization.member.changed")]
    action: String,
    /// To what.
    subject: String,
    organization_id: Option<String>,
    /// The same for everything that one request set off; one that the caller
    /// chose stands here as `sha256:` and its hash.
    correlation_id: String,
    /// What else there is to know, by name.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
    /// The hash of the entry before.
    previous_hash: String,
    /// SHA-256 over the entry's canonical JSON without this member.
    hash: String,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            chain: entry.chain,
            sequence: entry.sequence,
            event_id: entry.event_id,
            at: entry.at,
            recorded_at: entry.recorded_at,
            actor: entry.actor,
            actor_by: entry.actor_by,
            action: entry.action,
            subject: entry.subject,
            organization_id: entry.organization_id,
            correlation_id: entry.correlation_id,
            details: entry.details,
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        }
    }
}

/// The chain that the caller asks for and may read.
///
/// # Errors
/// 404 for another tenant's, 403 without `audit.view`; the platform's own is for
/// its administrators.
fn chain(principal: &Principal, organization: Option<OrganizationId>) -> Result<String, Problem> {
    if let Some(organization) = organization {
        principal.require(Permission::AuditView, organization)?;
        return Ok(organization.to_string());
    }
    if !principal.administers() {
        return Err(principal.lacks(Problem::forbidden(
            "Only administrators of the platform read its audit log; name an organizationId.",
        )));
    }
    Ok(PLATFORM.to_owned())
}
