//! `/v1/auth/identities`: the providers that an account is linked to.

pub mod get;
pub mod link;
pub mod list;
pub mod start;
pub mod unlink;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{identity::Identity, provider::ProviderName};

/// An identity as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityView {
    provider: ProviderName,
    /// The address there; it may be another than the account's.
    #[schema(example = "ada@example.org")]
    email: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    linked_at: Timestamp,
    /// The last sign-in by it.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
}

impl From<&Identity> for IdentityView {
    fn from(identity: &Identity) -> Self {
        Self {
            provider: identity.provider,
            email: identity.email.as_ref().map(|email| email.0.clone()),
            linked_at: identity.linked_at,
            last_used_at: identity.used_at,
        }
    }
}
